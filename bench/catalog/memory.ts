import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findMarked } from '../../src/embedded/orphans.ts';
import { programOf } from '../../src/embedded/process-identity.ts';

const KB_PER_MB = 1_024;

/** MB held by the API and PostgreSQL together; pages that PostgreSQL's processes share are counted once. */
export function memoryOf(dir: string, apiPid: number): number {
  const postgres = findMarked(join(dir, 'data')).filter(({ pid }) => programOf(pid) === 'postgres');
  const shared = postgres.reduce((sum, { pid }) => sum + readKb(`/proc/${pid}/smaps_rollup`, 'Pss'), 0);
  return (readKb(`/proc/${apiPid}/status`, 'VmRSS') + shared) / KB_PER_MB;
}

/** 0 for a process that has just ended. */
function readKb(file: string, member: string): number {
  try {
    return Number(new RegExp(`^${member}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
