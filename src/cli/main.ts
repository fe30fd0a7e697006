#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { createProgram } from './program.ts';

/** The command `chandlery`: a thin client of the HTTP API. */

async function main(words: readonly string[]): Promise<number> {
  try {
    const program = await createProgram(words);
    // Alone, the name of the command is a question.
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has said its part already, help included.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return await report(error);
  }
}

async function report(error: unknown): Promise<number> {
  const [{ troubleLines, troubleOf }, { note }] = await Promise.all([import('./failure.ts'), import('./terminal.ts')]);
  const trouble = troubleOf(error);
  note(troubleLines(trouble).join('\n'));
  return trouble.exitCode;
}

// A reader that goes away (`| head`) is no error: there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed);
});

// Not process.exit: what is still on its way into a pipe must arrive.
const words = process.argv.slice(2);
process.exitCode = await main(words[0] === '--version' || words[0] === '-V' ? ['version'] : words);
