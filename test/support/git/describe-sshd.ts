import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { SSHD } from './sshd.ts';

/** `describe` for what needs an ssh server: without one it says loudly that nothing is tested, except in CI, where it fails. */
export function describeSshd(name: string, tests: () => void): void {
  if (existsSync(SSHD) || process.env.CI) return void describe(name, tests);
  process.stderr.write(`\nNOT TESTED: ${name}: it needs ${SSHD} (Debian: openssh-server)\n`);
  describe.skip(name, tests);
}
