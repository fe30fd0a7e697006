import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Folder of a module in Go's cache, for one that this project builds a program from. Rejects where it is not there and cannot be fetched. */
export async function goModule({ module, version }: { module: string; version: string }): Promise<string> {
  // Nothing is fetched where the program was built on this machine. Outside of any module: one's go.mod would have its say.
  const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: tmpdir() });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
