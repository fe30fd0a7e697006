import { type Command, Option } from 'commander';
import { gather } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Verified } from '../http-publishing.ts';
import { localName } from '../local-name.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { oneLine } from '../text.ts';

interface OwnersOptions extends OutputOptions {
  add?: string[];
  remove?: string[];
}

interface VerifiedOptions extends OutputOptions {
  note?: string;
  remove?: boolean;
}

export function owners(command: Command): void {
  withOutput(command)
    .argument('<name>', 'a template that was published to the server', localName)
    .option('--add <user>', 'let this user publish and yank it too (may be repeated)', gather)
    .option('--remove <user>', 'take that from this user (may be repeated)', gather)
    .action(runOwners);
  withExample(command, 'chandlery owners redis --add ann');
}

async function runOwners(name: string, { output, add = [], remove = [] }: OwnersOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const before = await client.owners(name);
  const wanted = [...new Set([...before.owners, ...add])].filter((user) => !remove.includes(user));
  const changes = add.length + remove.length > 0;
  const body = changes ? await client.setOwners(name, wanted) : before;
  await printAs(output, { body, names: () => body.owners, table: () => body.owners.map(oneLine).join('\n') });
}

export function verified(command: Command): void {
  withOutput(command)
    .argument('<name>', 'a template that the server itself offers', localName)
    .option('--note <text>', 'vouch for the owner of the name: how it was proven who that is')
    .addOption(new Option('--remove', 'take the mark away').conflicts('note'))
    .action(runVerified);
  withExample(command, 'chandlery verified redis --note "known to the platform team"');
}

async function runVerified(name: string, { output, note, remove }: VerifiedOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const read = () => (note === undefined ? client.verified(name) : client.verify(name, note));
  const body = remove ? await client.unverify(name) : await read();
  await printAs(output, { body, names: () => (body.verified ? [body.name] : []), table: markText });
}

function markText({ name, verified: mark }: Verified): string {
  if (!mark) return oneLine(`${name}: nobody vouches for its owner`);
  return oneLine(`${name}: ${mark.by} vouches for its owner since ${mark.at}: ${mark.note}`);
}
