import { Command } from 'commander';
import { type Branch, COMMANDS, type Leaf } from './command-tree.ts';
import { withExample } from './example.ts';
import { EXIT_WORDS } from './exit-codes.ts';

/** Only the branch of the tree that the command line names is loaded; of the others their summary is enough. */

/** The program for this command line (without node and script). Errors of usage are thrown as CommanderError. */
export async function createProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('chandlery')
    .description('Finds templates in registries, installs and deploys them through durable operations.')
    .option('-V, --version', 'tell the version')
    .addHelpText('after', environmentText())
    // --version before a command is this program's; behind `ops replay` it is that command's.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(see --help)');
  withExample(program, 'chandlery install redis');
  await addCommands(program, COMMANDS, words);
  return program;
}

async function addCommands(parent: Command, commands: Record<string, Leaf | Branch>, words: readonly string[]): Promise<void> {
  // `help X` asks for the help of X, so X is what must be loaded.
  if (words[0] === 'help') return await addCommands(parent, commands, words.slice(1));
  const named = words[0] !== undefined && Object.hasOwn(commands, words[0]) ? words[0] : undefined;
  for (const [name, entry] of Object.entries(commands)) {
    const isDefault = 'load' in entry && entry.isDefault === true;
    const command = parent.command(name, { isDefault }).description(entry.summary).copyInheritedSettings(parent);
    const chosen = name === named || (isDefault && named === undefined);
    if (!chosen) continue;
    if ('load' in entry) (await entry.load())(command);
    else await addCommands(withExample(command, entry.example), entry.commands, words.slice(1));
  }
}

function environmentText(): string {
  const codes = EXIT_WORDS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`).join('\n');
  return `
Environment:
  CHANDLERY_URL    address of the server (default: http://127.0.0.1:7420)
  CHANDLERY_TOKEN  token to use (default: the admin token file of this machine)

Exit codes:
${codes}
`;
}
