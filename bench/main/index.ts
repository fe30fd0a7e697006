import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../tools/chaos/random.ts';
import type { InstallInput } from '../../workflows/messages.ts';
import type { Cleanup } from '../cleanup.ts';
import { describeParts } from '../environment.ts';
import type { Reporter } from '../reporter.ts';
import type { Stage } from '../stage.ts';
import { openStage } from '../stage.ts';
import { measureBackAfterKill } from './back-after-kill.ts';
import { measureCliHelp } from './cli-help.ts';
import { measurePostStart, TINY } from './post-start.ts';
import { measureServerStart } from './server-start.ts';
import { describeThroughput, measureSevenSteps, startSevenStepsWorker } from './seven-steps.ts';

/** One for each kill: an archive is downloaded once, then the store has it. */
const KILLED = ['killed-1', 'killed-2', 'killed-3'];
/** Characters; so many that the archive has not arrived when the worker is killed. */
const KILLED_PAYLOAD = 60_000;
const random = new SeededRandom(1);
const TEMPLATES = [
  { name: TINY, version: '1.0.0' },
  ...KILLED.map((name) => ({ name, version: '1.0.0', files: { 'files/payload.txt': random.text(KILLED_PAYLOAD) } })),
];

/** The figures of stage 1: starting, running, recovering, and what the program itself costs. */
export async function runMain(report: Reporter): Promise<void> {
  await report.group(['post-start', 'seven-steps', 'back-after-kill'], (cleanup) => onStage(report, cleanup));
  await report.group(['warm-start', 'idle-memory'], (cleanup) => onServer(report, cleanup));
  await report.group(['cli-help'], async () => {
    const { figure, note } = measureCliHelp();
    report.figure(figure);
    report.note(note);
  });
}

async function onStage(report: Reporter, cleanup: Cleanup): Promise<void> {
  const stage = await openStage(TEMPLATES, { log: (line) => report.note(line), cleanup });
  for (const line of await describeParts(stage.lab.engine)) report.note(line);
  const input = await withProductWorker(stage, report);
  await withSevenStepsWorker(stage, report, input);
  const { figure, note } = await measureBackAfterKill(stage, KILLED);
  report.figure(figure);
  report.note(note);
}

/** Answers the input of an install as the API made it, for the figures that start workflows themselves. */
async function withProductWorker(stage: Stage, report: Reporter): Promise<InstallInput> {
  const worker = await stage.lab.startWorker();
  const { figure, input } = await measurePostStart(stage);
  report.figure(figure);
  await worker.stop();
  return input;
}

async function withSevenStepsWorker(stage: Stage, report: Reporter, input: InstallInput): Promise<void> {
  const worker = await startSevenStepsWorker(stage);
  report.figure(await measureSevenSteps(stage, input));
  for (const line of await describeThroughput(stage, input)) report.note(line);
  await worker.stop();
}

async function onServer(report: Reporter, cleanup: Cleanup): Promise<void> {
  // Without symbolic links: that is how the server's children name it.
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'chandlery-bench-')));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'registries.yaml'), 'registries: []\n');
  const { figures, notes } = await measureServerStart(dir, cleanup);
  for (const figure of figures) report.figure(figure);
  for (const note of notes) report.note(note);
}
