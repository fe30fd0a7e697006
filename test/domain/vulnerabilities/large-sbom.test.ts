import { describe, expect, it } from '@jest/globals';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { archiveKeep, subjectOfArchive } from '../../../src/domain/archive-subject.ts';
import { secretStream } from '../../../src/domain/secrets/stream.ts';
import { createVulnerabilityValidator } from '../../../src/domain/vulnerabilities/validator.ts';
import { rawEntry, TAR_END } from '../../adapters/archive/support.ts';
import { MANIFEST } from '../../support/subject.ts';
import { sourceOf } from '../../support/vulnerabilities.ts';

const MIB = 1024 * 1024;
const SBOM_BYTES = 100 * MIB;
/** Read ahead, hashed and thrown away again; far below the SBOM. */
const MAX_GROWTH_BYTES = 48 * MIB;

/** An archive with an SBOM of this size, made while it is read: the whole of it is nowhere. */
async function* archiveWith(bytes: number): AsyncGenerator<Uint8Array> {
  const header = rawEntry({ name: 'bom.json', size: `${bytes.toString(8).padStart(11, '0')}\0` });
  const part = Buffer.alloc(MIB, '{"type":"library","purl":"pkg:npm/left-pad@1.2.0"},');
  yield rawEntry({ name: 'template.yaml', data: Buffer.from(MANIFEST) });
  yield header;
  for (let left = bytes; left > 0; left -= part.length) yield part;
  yield TAR_END;
}

describe('attack: an SBOM of 100 MB', () => {
  it('is read past without being held, and is a high finding, never a clean list', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }, 1);
    const archive = await createArchiveReader().inspect(archiveWith(SBOM_BYTES), {
      keep: archiveKeep(),
      streams: [secretStream],
    });
    clearInterval(timer);
    const { subject } = subjectOfArchive(archive, 'the archive');
    const data = { sources: async () => [sourceOf()], find: async () => [] };
    const findings = await createVulnerabilityValidator({ data }).validate(subject);
    expect(findings).toMatchObject([{ id: 'vulnerabilities/too-large', severity: 'high', file: 'bom.json' }]);
    expect(peak - before).toBeLessThan(MAX_GROWTH_BYTES);
  });
});
