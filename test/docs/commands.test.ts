import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { allPages, codeWords, readPage } from './support/pages.ts';

/** Every command that a page shows is one that the program takes: its name, its options and the number of its arguments. */

/** `$ `, variables and `npx ` before it; a comment, a pipe or a redirection after it. */
const SHOWN = /^(?: {4}|\$ )*(?:[A-Z_]+=\S+ )*(?:npx )?chandlery (?<words>[^#|<>]*)/;

/** Lines of code blocks, each with what it goes on with after a backslash. */
function blockCommands(text: string): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines.flatMap((line, at) => {
    const isCode = line.startsWith('    ') || isFenced(lines, at);
    const words = isCode ? SHOWN.exec(line)?.groups?.words : undefined;
    return words === undefined ? [] : [words.trim()];
  });
}

function isFenced(lines: readonly string[], at: number): boolean {
  return lines.slice(0, at).filter((line) => line.startsWith('```')).length % 2 === 1;
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

async function parse(words: string[]): Promise<void> {
  const program = await createProgram(words);
  const quiet = { writeErr: () => undefined, writeOut: () => undefined };
  // Nothing is done: only what the program understands counts.
  for (const leaf of leaves(program)) leaf.action(() => undefined).configureOutput(quiet);
  await program.configureOutput(quiet).parseAsync(words, { from: 'user' });
}

/** In running text, such as `chandlery install shop --locked`. */
function inlineCommands(text: string): string[] {
  return codeWords(text).flatMap((word) => (word.startsWith('chandlery ') ? [word.slice('chandlery '.length)] : []));
}

/** What may be left out where a command is only named. */
const LEFT_OUT = ['commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.helpDisplayed'];

/** What the templates that come along say of themselves. */
const TEMPLATE_PAGES = ['templates', 'samples/registry'].flatMap((folder) => {
  const below = readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' });
  return below.filter((file) => basename(file) === 'README.md').map((file) => `${folder}/${file}`);
});

const on = (commands: (text: string) => string[], pages = allPages()) =>
  pages.flatMap((page) => commands(readPage(page)).map((command) => [page, command] as const));

describe('commands in the pages', () => {
  it('are held to what there is', async () => {
    for (const words of [['audit', '--nothing'], ['verify'], ['vulnerabilities', 'import'], ['nothing']])
      await expect(parse(words)).rejects.toMatchObject({ code: expect.stringContaining('commander.') });
  });

  it.each(on(blockCommands, [...allPages(), ...TEMPLATE_PAGES]))(
    '%s shows what can be typed: chandlery %s',
    async (_page, command) => {
      await expect(parse(wordsOf(command))).resolves.toBeUndefined();
    },
  );

  it.each(on(inlineCommands))('%s names what there is: chandlery %s', async (_page, command) => {
    const code = await parse(wordsOf(command)).catch((error: { code?: string }) => error.code);
    expect([undefined, ...LEFT_OUT]).toContain(code);
  });
});
