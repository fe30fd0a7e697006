import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { MANIFEST_FILE } from '../../domain/template.ts';
import type { Finding, ValidationSubject, Validator } from '../../domain/validation.ts';
import { isPackageList, readerOf } from '../../domain/vulnerabilities/readers.ts';
import { SCAN_DIRECTORY, type ScannerCommandConfig } from '../../domain/vulnerabilities/scanner-command.ts';
import { readScannerReport } from '../../domain/vulnerabilities/scanner-report.ts';
import { runCommand } from './run.ts';

export interface ScannerCommand extends ScannerCommandConfig {
  /** milliseconds */
  timeoutMs?: number;
}

/** Below the time that a validator has (VALIDATOR_TIMEOUT_MS), so that it can say itself what was too slow. Milliseconds. */
const TIMEOUT_MS = 15_000;

/**
 * The operator's own scanner as a validator. It sees copies of the archive's lists of packages, under names of ours, and nothing else. Fails
 * with scan_blocked when it cannot be run, fails, takes too long, or prints something that is no report.
 */
export function createScannerCommand({ format, command, env, timeoutMs = TIMEOUT_MS }: ScannerCommand): Validator {
  return {
    id: `vulnerabilities-${format}`,
    stage: 'security',
    covers: `vulnerabilities by ${basename(command[0])}`,
    async validate(subject, signal) {
      const lists = listsOf(subject);
      if (lists.length === 0) return [];
      const dir = await mkdtemp(join(tmpdir(), 'chandlery-scan-'));
      try {
        const places = await write(dir, lists);
        const [program, ...args] = command.map((part) => part.replaceAll(SCAN_DIRECTORY, dir));
        const text = await runCommand({ program: program ?? '', args, cwd: dir, env, timeoutMs, signal, name: format });
        return tell(
          readScannerReport(format, text, (path) => places.find(([copy]) => path.includes(copy))?.[1] ?? MANIFEST_FILE),
        );
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

function listsOf({ files }: ValidationSubject): Array<{ path: string; text: string }> {
  return files.flatMap(({ path, text }) =>
    text !== undefined && (isPackageList(path) || readerOf(path, text) !== undefined) ? [{ path, text }] : [],
  );
}

/** Each in a directory with a number, so that no path of the archive decides where anything is written. */
async function write(dir: string, lists: ReadonlyArray<{ path: string; text: string }>): Promise<Array<[string, string]>> {
  return await Promise.all(
    lists.map(async ({ path, text }, at): Promise<[string, string]> => {
      // Only characters that no system takes for anything but a name; scanners know lists by their names.
      const copy = join(`list-${at}`, basename(path).replace(/[^\w.-]/g, '_'));
      await mkdir(join(dir, `list-${at}`));
      await writeFile(join(dir, copy), text);
      return [copy, path];
    }),
  );
}

/** The same package may be found by two of its lists; once is enough. */
function tell(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.id} ${finding.file} ${finding.explanation}`, finding])).values()];
}
