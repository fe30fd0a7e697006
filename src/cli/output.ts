import type { Command } from 'commander';
import { Option } from 'commander';
import { print } from './terminal.ts';

/** `-o`: the same answer for people, for programs, or as bare names. */

const FORMATS = ['table', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputOptions {
  output: Format;
}

/** Adds `-o, --output` to a command. */
export function withOutput(command: Command, formats: readonly Format[] = FORMATS): Command {
  return command.addOption(new Option('-o, --output <format>', 'how to print').choices(formats).default('table'));
}

export interface Printable<Body> {
  /** The API's body; printed whole by json and yaml. */
  body: Body;
  /** Lines of `-o name`. */
  names: (body: Body) => string[];
  table: (body: Body) => Promise<string> | string;
}

/** Prints in the chosen format. Nothing is printed for an empty list of names or an empty table. */
export async function printAs<Body>(format: Format, { body, names, table }: Printable<Body>): Promise<void> {
  const text = await textOf(format, { body, names, table });
  if (text !== '') print(text);
}

async function textOf<Body>(format: Format, { body, names, table }: Printable<Body>): Promise<string> {
  if (format === 'json') return JSON.stringify(body, null, 2);
  if (format === 'yaml') return (await import('yaml')).stringify(body, { lineWidth: 0 });
  return format === 'name' ? names(body).join('\n') : table(body);
}
