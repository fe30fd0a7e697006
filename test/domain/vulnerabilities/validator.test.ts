import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import type { SubjectFile, ValidationSubject } from '../../../src/domain/validation.ts';
import type { Advisory } from '../../../src/domain/vulnerabilities/advisory.ts';
import type { ImageAttestations } from '../../../src/domain/vulnerabilities/attestation.ts';
import type { VulnerabilitySource } from '../../../src/domain/vulnerabilities/database.ts';
import { createVulnerabilityValidator } from '../../../src/domain/vulnerabilities/validator.ts';
import { advisoryOf, sourceOf } from '../../support/vulnerabilities.ts';

const NOW = Date.parse('2026-11-21T00:00:00Z');
const IMAGE = 'registry.example.com/shop';
const DIGEST = `sha256:${'d'.repeat(64)}`;
const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata: { name: shop, version: 1.0.0, description: A shop to look at. }
spec:
  type: workload
  images:
    web: { ref: '${IMAGE}:1.0', digest: '${DIGEST}' }
  workload:
    image: web
`;
const LOCK = JSON.stringify(
  { lockfileVersion: 3, packages: { 'node_modules/left-pad': { version: '1.2.0' }, 'node_modules/other': { version: '2.0.0' } } },
  null,
  2,
);
const lock: SubjectFile = { path: 'app/package-lock.json', size: LOCK.length, text: LOCK };

function subject(files: SubjectFile[]): ValidationSubject {
  return {
    ...{ manifest: parseTemplate(MANIFEST), manifestText: MANIFEST, paths: files.map(({ path }) => path), files },
    ...{ contentHash: 'e'.repeat(64), trust: { verified: true, note: 'verified' } },
  };
}

function validator(advisories: Advisory[], sources: VulnerabilitySource[] = [sourceOf()], images?: ImageAttestations) {
  const asked: string[] = [];
  const data = {
    sources: async () => sources,
    find: async (keys: ReadonlyArray<{ name: string }>) => {
      asked.push(...keys.map(({ name }) => name));
      return advisories.filter(({ name }) => keys.some((key) => key.name === name));
    },
  };
  return { asked, ...createVulnerabilityValidator({ data, now: () => NOW, ...(images && { images }) }) };
}

const ids = (findings: ReadonlyArray<{ id: string; severity: string }>) =>
  findings.map(({ id, severity }) => `${id} ${severity}`);

describe('vulnerabilities', () => {
  it('of a locked package are findings at its line, with what to do', async () => {
    const { validate, asked } = validator([advisoryOf('GHSA-1', 'left-pad', '1.3.0', { aliases: ['CVE-1'] })]);
    expect(await validate(subject([lock]))).toEqual([
      {
        ...{ id: 'vulnerabilities/GHSA-1', severity: 'critical', file: 'app/package-lock.json', line: 4 },
        explanation: 'left-pad 1.2.0 (npm) has GHSA-1 (CVE-1): left-pad can be broken [CVSS]',
        recommendation: 'Use a version of left-pad with the fix: 1.3.0.',
      },
    ]);
    expect(asked).toEqual(['left-pad', 'other']);
  });

  it('are none where nothing is known, and nothing is asked without a list', async () => {
    expect(await validator([]).validate(subject([lock]))).toEqual([]);
    const { validate, asked } = validator([]);
    expect(await validate(subject([]))).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('that cannot be judged are findings, never silence', async () => {
    const nightly = { ...lock, text: LOCK.replace('1.2.0', 'nightly') };
    const [found] = await validator([advisoryOf('GHSA-1', 'left-pad', '1.3.0')]).validate(subject([nightly]));
    expect(found?.explanation).toContain('cannot be compared, so it counts as affected');
  });

  describe('when there are no data', () => {
    it('a list of packages is not clean', async () => {
      expect(ids(await validator([], []).validate(subject([lock])))).toEqual(['vulnerabilities/no-data high']);
      const python = validator([], [sourceOf({ ecosystems: ['PyPI'] })]);
      expect(ids(await python.validate(subject([lock])))).toEqual(['vulnerabilities/no-data high']);
    });
  });

  it('tells how old the data are, and that old ones miss things', async () => {
    const fresh = validator([]);
    expect(await fresh.data?.()).toMatchObject({ words: 'vulnerability data: npm of 2026-11-20 (1 day old)' });
    expect(await validator([], []).data?.()).toMatchObject({ words: 'no vulnerability data were imported' });
    const at = (newest: string) => validator([], [sourceOf({ newest })]).validate(subject([lock]));
    expect(ids(await at('2026-11-10T00:00:00Z'))).toEqual(['vulnerabilities/old-data low']);
    expect(ids(await at('2026-01-01T00:00:00Z'))).toEqual(['vulnerabilities/old-data medium']);
  });

  it('names other data with another version, so that verdicts of the old ones are not used', async () => {
    const versions = await Promise.all(
      [sourceOf(), sourceOf(), sourceOf({ digest: `sha256:${'b'.repeat(64)}` })].map((source) =>
        validator([], [source]).data?.(),
      ),
    );
    expect(versions[0]).toEqual(versions[1]);
    expect(versions[0]?.version).not.toBe(versions[2]?.version);
  });

  it.each([
    ['an SBOM of 100 MB', { path: 'bom.json', size: 100 * 1024 * 1024 }, 'vulnerabilities/too-large high'],
    [
      'an SBOM that was cut off',
      { path: 'bom.json', size: 9, text: '{"bomFormat": "Cyclone' },
      'vulnerabilities/unreadable high',
    ],
    [
      'a lock file of another age',
      { path: 'package-lock.json', size: 9, text: '{"lockfileVersion": 1}' },
      'vulnerabilities/unreadable high',
    ],
    ['a list with holes', { path: 'requirements.txt', size: 9, text: 'flask>=1' }, 'vulnerabilities/not-looked-up low'],
  ])('%s is a finding', async (_what, file, expected) => {
    expect(ids(await validator([]).validate(subject([file])))).toEqual([expected]);
  });

  it('reads an SBOM with as many packages as it may have in time', async () => {
    const components = Array.from({ length: 8_000 }, (_, at) => ({ purl: `pkg:npm/package-${at}@1.0.0` }));
    const text = JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components });
    const begun = performance.now();
    await validator([]).validate(subject([{ path: 'bom.json', size: text.length, text }]));
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('with more versions than can be compared fails, and does not hold the server', async () => {
    const components = Array.from({ length: 2_000 }, (_, at) => ({ purl: `pkg:npm/left-pad@1.0.${at}` }));
    const text = JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components });
    const many = Array.from({ length: 1_000 }, (_, at) => advisoryOf(`GHSA-${at}`, 'left-pad', '9.0.0'));
    await expect(validator(many).validate(subject([{ path: 'bom.json', size: text.length, text }]))).toFailWith('too_large');
  });

  it('fails when the store does, and is not clean then', async () => {
    const away = new ChandleryError('store_unavailable', 'away');
    const data = { sources: async () => [sourceOf()], find: () => Promise.reject(away) };
    await expect(createVulnerabilityValidator({ data }).validate(subject([lock]))).toFailWith('store_unavailable');
  });

  describe('of an image', () => {
    const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ purl: 'pkg:npm/left-pad@1.2.0' }] };
    const statement = (more: object = {}) => ({
      ...{ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://cyclonedx.org/bom', predicate: sbom },
      subject: [{ name: IMAGE, digest: { sha256: 'd'.repeat(64) } }],
      ...more,
    });
    const envelope = (body: object, payloadType = 'application/vnd.in-toto+json') =>
      JSON.stringify({ payloadType, payload: Buffer.from(JSON.stringify(body)).toString('base64'), signatures: [{ sig: '' }] });
    const found = async (...texts: string[]) => {
      const asked: string[] = [];
      const images: ImageAttestations = {
        async read(image) {
          asked.push(image);
          return texts.map((text) => ({ text, digest: DIGEST }));
        },
      };
      const findings = await validator([advisoryOf('GHSA-1', 'left-pad', '1.3.0')], [sourceOf()], images).validate(subject([]));
      return { asked, findings, ids: ids(findings) };
    };

    it('are found by what is attested of it, at the line that names it', async () => {
      const { asked, findings } = await found(envelope(statement()));
      expect(asked).toEqual([`${IMAGE}:1.0@${DIGEST}`]);
      expect(findings).toMatchObject([{ id: 'vulnerabilities/GHSA-1', file: 'template.yaml', line: 7 }]);
      expect(findings[0]?.explanation).toContain(`in the image ${IMAGE}:1.0@${DIGEST}`);
    });

    it('are found in what cosign 3 writes', async () => {
      const bundle = JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        dsseEnvelope: JSON.parse(envelope(statement())),
      });
      expect((await found(bundle)).ids).toEqual(['vulnerabilities/GHSA-1 critical']);
    });

    it.each([
      ['that may not be read is told', 'authorization' as const],
      ['that is not there is told', 'not_found' as const],
    ])('%s', async (_what, code) => {
      const images = { read: () => Promise.reject(new ChandleryError(code, 'no')) };
      expect(ids(await validator([], [], images).validate(subject([])))).toEqual(['vulnerabilities/image-not-read medium']);
    });

    it('whose registry is away fails, so that it is looked at later', async () => {
      const images = { read: () => Promise.reject(new ChandleryError('registry_unavailable', 'away')) };
      await expect(validator([], [], images).validate(subject([]))).toFailWith('registry_unavailable');
    });

    it('are found in SPDX, in a bare statement, and in what cosign wraps', async () => {
      const spdx = {
        spdxVersion: 'SPDX-2.3',
        packages: [{ externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:npm/left-pad@1.2.0' }] }],
      };
      const predicateType = 'https://spdx.dev/Document/v2.3';
      for (const predicate of [spdx, { Data: spdx }, { Data: JSON.stringify(spdx) }]) {
        expect((await found(JSON.stringify(statement({ predicateType, predicate })))).ids).toEqual([
          'vulnerabilities/GHSA-1 critical',
        ]);
      }
    });

    it('are not found by the clean list of another image', async () => {
      const other = statement({ subject: [{ digest: { sha256: 'f'.repeat(64) } }], predicate: { ...sbom, components: [] } });
      expect((await found(envelope(other))).ids).toEqual([
        'vulnerabilities/unreadable high',
        'vulnerabilities/image-without-sbom info',
      ]);
    });

    it.each([
      ['nothing attested', []],
      [
        'an attestation of something else',
        [envelope(statement({ predicateType: 'https://slsa.dev/provenance/v1', predicate: {} }))],
      ],
    ])('with %s are not looked for, which is told', async (_what, texts) => {
      expect((await found(...texts)).ids).toEqual(['vulnerabilities/image-without-sbom info']);
    });

    it.each([
      ['an envelope of something else', envelope(statement(), 'text/plain')],
      ['a statement of another kind', envelope(statement({ _type: 'https://example.com' }))],
      ['no JSON', 'hello'],
    ])('with %s are told as unreadable', async (_what, text) => {
      expect((await found(text)).ids[0]).toBe('vulnerabilities/unreadable high');
    });
  });
});
