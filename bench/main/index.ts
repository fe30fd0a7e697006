import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeParts } from '../environment.ts';
import type { Reporter } from '../reporter.ts';
import type { Stage } from '../stage.ts';
import { inputOf, openStage } from '../stage.ts';
import { measureBackAfterKill } from './back-after-kill.ts';
import { measureCliHelp } from './cli-help.ts';
import { measurePostStart, TINY } from './post-start.ts';
import { measureServerStart } from './server-start.ts';
import { describeThroughput, measureSevenSteps, startSevenStepsWorker } from './seven-steps.ts';

/** One for each kill: an archive is downloaded once, then the store has it. Large enough not to have come before the kill. */
const KILLED = ['killed-1', 'killed-2', 'killed-3'];
const KILLED_TEXT = 60_000;
const TEMPLATES = [
  { name: TINY, version: '1.0.0' },
  ...KILLED.map((name) => ({ name, version: '1.0.0', files: { 'files/text.txt': incompressible(KILLED_TEXT, name) } })),
];

/** The figures of stage 1: starting, running, recovering, and what the program itself costs. */
export async function runMain(report: Reporter): Promise<void> {
  await report.group(['post-start', 'seven-steps', 'back-after-kill'], () => onStage(report));
  await report.group(['warm-start', 'idle-memory'], () => onServer(report));
  await report.group(['cli-help'], async () => {
    const { figure, note } = measureCliHelp();
    report.figure(figure);
    report.note(note);
  });
}
