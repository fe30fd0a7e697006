import type { Command } from 'commander';
import { given, seconds } from './arguments.ts';
import type { HttpClient } from './http.ts';
import type { DeploymentAccepted, Rollout } from './http-deployments.ts';
import type { OutputOptions } from './output.ts';
import { startAndWait } from './start.ts';
import { note, print } from './terminal.ts';

/** What every command that deploys or changes a deployment shares. */

export interface RolloutOptions extends OutputOptions {
  force?: boolean;
  keepFailed?: boolean;
  readyTimeout?: number;
  acceptUnsigned?: boolean;
  detach?: boolean;
}

export function withRollout(command: Command): Command {
  return command
    .option('--force', 'take fields over from other managers')
    .option('--keep-failed', 'leave what failed where it is, instead of going back')
    .option('--ready-timeout <time>', 'time until everything must be ready, such as 90s or 5m (default: 5m)', seconds);
}

export function rolloutOf({ force, keepFailed, readyTimeout, acceptUnsigned }: Omit<RolloutOptions, 'output'>): Rollout {
  return given({ force, keepFailed, acceptUnsigned, readySeconds: readyTimeout });
}

/** Waits for the change, and ends with the connection details. */
export async function finishDeploying(
  client: HttpClient,
  accepted: DeploymentAccepted,
  { output, detach }: Pick<RolloutOptions, 'output' | 'detach'>,
): Promise<void> {
  const ended = await startAndWait(client, accepted, { output, detach });
  if (!ended || output !== 'table') return;
  try {
    const { outputs } = await client.outputs(accepted.deployment, { secrets: 'false' });
    const { outputLines } = await import('./outputs.ts');
    const lines = outputLines(outputs, `chandlery deployments outputs ${accepted.deployment}`);
    if (lines.length > 0) print(['', ...lines].join('\n'));
  } catch (error) {
    // It is deployed: that its details cannot be read is worth a word, and no failure.
    note(`warning: the outputs cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
