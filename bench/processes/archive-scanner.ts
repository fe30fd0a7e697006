import { createHash } from 'node:crypto';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { DEFAULT_ARCHIVE_LIMITS } from '../../src/domain/archive.ts';
import { archiveKeep, subjectOfArchive } from '../../src/domain/archive-subject.ts';
import { judgeSubject } from '../../src/domain/judgement.ts';
import { openValidation } from '../../src/validation.ts';

/**
 * Fetches, hashes, reads and judges archives, in a process of its own: what its memory grows by is then the archive's doing. Each message is the
 * URL of one; the answer is how long it took and what the process held.
 */

export interface ScanAnswer {
  /** milliseconds */
  ms: number;
  digest: string;
  /** bytes, when it was asked */
  before: number;
  /** the most that the process has ever held, bytes */
  most: number;
}

const KIB = 1024;
const client = createGuardedClient({ development: true, allow: [] });
const set = openValidation();

/** One stream: each byte is hashed for the digest, hashed for its file and looked at once, and then it is gone. */
async function scan(url: string): Promise<ScanAnswer> {
  const before = process.memoryUsage.rss();
  const startedAt = performance.now();
  const response = await client.request({ url, maxBytes: DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes });
  const hash = createHash('sha256');
  const source = async function* () {
    for await (const chunk of response.body) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const read = await createArchiveReader().inspect(source(), { keep: archiveKeep(), streams: set.streams });
  const digest = `sha256:${hash.digest('hex')}`;
  const { subject } = subjectOfArchive(read, 'large', digest);
  await judgeSubject(set, subject);
  return { ms: performance.now() - startedAt, digest, before, most: process.resourceUsage().maxRSS * KIB };
}

process.on('message', (url: string) => {
  scan(url).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
