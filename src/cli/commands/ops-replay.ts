import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { operationIdOf } from '../operation-id.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface ReplayOptions extends OutputOptions {
  from: string;
  version?: string;
  acceptUnsigned?: boolean;
  detach?: boolean;
}

export function opsReplay(command: Command): void {
  withDetach(withOutput(command))
    .argument('<id>', 'id of an operation that has ended, or @last')
    .option('--from <step>', 'auto (the first step whose effect does not stand), start, or the name of a step', 'auto')
    .option('--version <range>', 'ask for these versions instead')
    .option('--accept-unsigned', 'install although nobody signed it')
    .action(run);
  withExample(command, 'chandlery ops replay @last --from download');
}

async function run(argument: string, { output, detach, from, version, acceptUnsigned }: ReplayOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const input = given({ version, acceptUnsigned });
  const id = await operationIdOf(client, argument);
  const replayed = await client.replay(id, { from, ...(Object.keys(input).length > 0 && { input }) });
  const kept = replayed.keeps.length === 0 ? 'nothing is kept' : `kept: ${replayed.keeps.map(oneLine).join(', ')}`;
  note(`replaying ${oneLine(id)} from ${oneLine(replayed.from)}; ${kept}`);
  await startAndWait(client, replayed, { output, detach });
}
