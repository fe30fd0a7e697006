import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { PACKAGE_ROOT } from '../../src/config.ts';

const FOLDER = join(PACKAGE_ROOT, 'test', 'histories');
/** Every outcome that a shipped workflow must go on replaying; a name that is missing here is a test that was lost. */
const OUTCOMES = [
  'check-registries-failing',
  'check-registries-healthy',
  'deploy-cancelled',
  'deploy-cancelled-in-dependency',
  'deploy-cancelled-in-undo',
  'deploy-killed',
  'deploy-never-ready',
  'deploy-overdue',
  'deploy-replayed',
  'deploy-succeeded',
  'deploy-undone',
  'destroy-cancelled-in-forget',
  'destroy-refused',
  'destroy-succeeded',
  'destroy-taking-back',
  'destroy-undone',
  'install-cancelled',
  'install-cancelled-in-undo',
  'install-cancelled-while-failing',
  'install-killed',
  'install-overdue',
  'install-refused',
  'install-replayed',
  'install-retried',
  'install-succeeded',
  'install-undone',
  'plan-succeeded',
  'publish-cancelled',
  'publish-elsewhere-cancelled',
  'publish-elsewhere-succeeded',
  'publish-killed',
  'publish-refused',
  'publish-succeeded',
  'recheck-installed',
  'rollback-succeeded',
  'sweep-store',
  'uninstall-refused',
  'uninstall-succeeded',
  'upgrade-succeeded',
  'upgrade-unchanged',
  'upgrade-undone',
];

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
}

describe('recorded histories', () => {
  let replay: (history: unknown) => Promise<void>;

  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const workflowBundle = { codePath: join(PACKAGE_ROOT, 'dist', 'workflow-bundle.js') };
    // Without them the SDK says in each replay that they are missing.
    const sink = { fn: () => undefined, callDuringReplay: false };
    const sinks = { operations: { started: sink, ended: sink } };
    replay = (history) => Worker.runReplayHistory({ workflowBundle, sinks }, history);
  });

  it('hold one of each outcome', () => {
    const recorded = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
    expect(recorded.map((file) => file.replace(/(\.v\d+)?\.json$/, ''))).toEqual(expect.arrayContaining(OUTCOMES));
  });

  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.json')))('%s replays on this build', async (file) => {
    await expect(replay(read(file))).resolves.toBeUndefined();
  });

  it.each(readdirSync(join(FOLDER, 'altered')))('altered/%s is found to diverge', async (file) => {
    await expect(replay(read(join('altered', file)))).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
