import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';

export interface DemoRun<Report> {
  code: number;
  /** What it tells on its way. */
  story: string;
  /** The folder that it kept. */
  kept: string;
  report: Report;
}

/** Runs the demo of the build as a process of its own, as people start it; its signals and its end of all things are part of what is tested. */
export async function runDemo<Report>(words: string[], timeoutMs: number): Promise<DemoRun<Report>> {
  const script = join(PACKAGE_ROOT, 'dist', 'tools', 'demo.js');
  const args = [script, ...words, '--json', '--keep'];
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { cwd: PACKAGE_ROOT, timeout: timeoutMs }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
  return { code, story: stderr, kept: /kept: (.+)/.exec(stderr)?.[1] ?? '', report: JSON.parse(stdout) as Report };
}
