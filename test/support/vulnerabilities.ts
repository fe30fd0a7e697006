import { crc32, deflateRawSync } from 'node:zlib';
import type { Advisory } from '../../src/domain/vulnerabilities/advisory.ts';
import type { VulnerabilitySource } from '../../src/domain/vulnerabilities/database.ts';

/** Advisories and files of them, for tests. */

export function osvRecord(id: string, name: string, fixed: string, more: object = {}) {
  return {
    ...{
      schema_version: '1.6.0',
      id,
      modified: '2026-11-20T00:00:00Z',
      summary: `${name} can be broken`,
      aliases: [`CVE-${id}`],
    },
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] }],
    ...more,
  };
}

export function advisoryOf(id: string, name: string, fixed: string, more: Partial<Advisory> = {}): Advisory {
  return {
    ...{
      id,
      modified: '2026-11-20T00:00:00Z',
      aliases: [],
      summary: `${name} can be broken`,
      severity: 'critical',
      rated: 'CVSS',
    },
    ...{ ecosystem: 'npm', name, versions: [], ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] },
    ...more,
  };
}

export function sourceOf(more: Partial<VulnerabilitySource> = {}): VulnerabilitySource {
  return {
    ...{ name: 'npm', file: 'npm.zip', digest: `sha256:${'a'.repeat(64)}`, entries: 1, ecosystems: ['npm'], importedBy: 'ann' },
    ...{ newest: '2026-11-20T00:00:00.000Z', importedAt: '2026-11-20T12:00:00.000Z' },
    ...more,
  };
}

/** A zip as the common tools write it: every other entry stored, the others deflated. */
export function zipOf(files: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [at, [name, text]] of Object.entries(files).entries()) {
    const data = Buffer.from(text);
    const method = at % 2 === 0 ? 8 : 0;
    const packed = method === 8 ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
