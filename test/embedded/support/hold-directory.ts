import { spawn } from 'node:child_process';
import { openDataDirectory } from '../../../src/embedded/data-dir.ts';
import { CHILD_MARKER } from '../../../src/embedded/orphans.ts';

const [directory = ''] = process.argv.slice(2);
const data = await openDataDirectory(directory);
const start = (): number => {
  const env = { ...process.env, [CHILD_MARKER]: data.path };
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore', env }).pid ?? 0;
};
const recorded = start();
data.recordChild('recorded', recorded);
const unrecorded = start();
console.log(JSON.stringify({ pid: process.pid, recorded, unrecorded }));
setInterval(() => {}, 1000);
