import type { Command } from 'commander';

/** Ends a command's help with one line to copy. */
export function withExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ ${example}`);
}
