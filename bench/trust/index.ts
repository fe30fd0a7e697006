import type { Reporter } from '../reporter.ts';
import { measureLargeArchive } from './archive.ts';
import { measureCachedVerdict } from './cached-verdict.ts';
import { measureResolver } from './resolver.ts';
import { measureTypical } from './typical.ts';

/** The figures of trust: what it costs to look into archives, and to choose versions. */
export async function runTrust(report: Reporter): Promise<void> {
  for (const [names, measure] of [
    [['validate-typical'], measureTypical],
    [['cached-verdict'], measureCachedVerdict],
    [['scan-100mb', 'scan-100mb-memory'], measureLargeArchive],
    [['resolver-10000'], measureResolver],
  ] as const)
    await report.group(names, async (cleanup) => {
      const { figures, notes } = await measure(cleanup);
      for (const figure of figures) report.figure(figure);
      for (const note of notes) report.note(note);
    });
}
