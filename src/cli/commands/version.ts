import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { withExample } from '../example.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';

export function version(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery version -o json');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = { chandlery: packageVersion(), node: process.versions.node };
  await printAs(output, {
    body,
    names: () => [body.chandlery],
    table: () => `chandlery ${body.chandlery} (Node.js ${body.node})`,
  });
}

/** From the package this file is part of: dist/src/cli/commands lies four below it. */
function packageVersion(): string {
  const { version: own } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return own;
}
