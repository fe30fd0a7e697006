import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';
import type { Figure } from '../figures.ts';
import { median } from '../figures.ts';

const GOAL_MS = 200;
const RUNS = 10;
/** The first ones read the files from the disk. */
const WARM_UP = 2;

/** Wall time of `chandlery --help`, with `node --version` beside it: what any Node program costs here. */
export function measureCliHelp(): { figure: Figure; note: string } {
  const cli = [join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'main.js'), '--help'];
  const nothing = ['--eval', ''];
  for (let run = 0; run < WARM_UP; run += 1) timeNode(cli);
  const times: number[] = [];
  const floor: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    times.push(timeNode(cli));
    floor.push(timeNode(nothing));
  }
  return {
    figure: { name: 'cli-help', value: median(times), unit: 'ms', goal: GOAL_MS },
    note: `cli-help: an empty Node program takes ${median(floor).toFixed(0)} ms`,
  };
}

function timeNode(args: string[]): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr.slice(0, 500)}`);
  return performance.now() - startedAt;
}
