import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import semver from 'semver';
import { parseAllDocuments } from 'yaml';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { packDirectory } from '../../src/adapters/archive/pack.ts';
import { contentHash } from '../../src/domain/content-hash.ts';
import type { TemplateManifest } from '../../src/domain/template.ts';
import { referencesIn } from '../../src/domain/template-lint.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const reader = createArchiveReader();

interface Shipped {
  folder: string;
  name: string;
  version: string;
  manifest: TemplateManifest;
}

function load(base: string): Shipped[] {
  return readdirSync(join(root, base)).flatMap((name) =>
    readdirSync(join(root, base, name)).map((version) => {
      const folder = join(base, name, version);
      const file = join(folder, 'template.yaml');
      return { folder, name, version, manifest: parseTemplate(readFileSync(join(root, file), 'utf8'), file) };
    }),
  );
}

const builtIns = load('templates');
const samples = load('samples/registry');

/** Every text of a parsed document. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe.each([...builtIns, ...samples].map((item) => [item.folder, item] as const))(
  '%s',
  (folder, { name, version, manifest }) => {
    const properties = (manifest.spec.parameters?.properties ?? {}) as Record<string, { type?: string; description?: string }>;

    it('is named like its folder', () => {
      expect([manifest.metadata.name, manifest.metadata.version]).toEqual([name, version]);
    });

    it('says what it is, whose it is and how to use it', () => {
      const { description, license, category, tags, maintainers, homepage, readme } = manifest.metadata;
      expect(description.length).toBeGreaterThanOrEqual(20);
      expect(description.length).toBeLessThanOrEqual(300);
      expect([license, category, homepage].every((text) => typeof text === 'string')).toBe(true);
      expect(tags?.length).toBeGreaterThanOrEqual(2);
      expect(maintainers?.every((maintainer) => maintainer.email ?? maintainer.url)).toBe(true);
      expect(readFileSync(join(root, folder, readme ?? ''), 'utf8')).toMatch(/## Use[\s\S]*## Upgrading/);
    });

    it('has parameters with a type and a description, and outputs with one', () => {
      for (const property of Object.values(properties)) {
        expect(property.type).toBeDefined();
        expect(property.description?.length).toBeGreaterThan(10);
      }
      expect(manifest.spec.outputs?.every((output) => output.description)).toBe(true);
      expect(manifest.spec.outputs?.length).toBeGreaterThan(0);
    });

    it('pins its images to a version', () => {
      const refs = Object.values(manifest.spec.images ?? {}).map((image) => image.ref);
      expect(refs.length).toBeGreaterThan(0);
      for (const ref of refs) expect(ref).toMatch(/^[a-z0-9.-]+\/.+:(?!latest$)[^:/]*\d[^:/]*$/);
    });

    it('packs, passes the guard and is what its seal says', async () => {
      const tar = await packDirectory(join(root, folder));
      const { files, bodies } = await reader.inspect(
        (async function* () {
          yield tar;
        })(),
        { keep: () => true },
      );
      expect(bodies.has('template.yaml')).toBe(true);
      if (manifest.trust?.sha256) expect(manifest.trust.sha256).toBe(contentHash(files));
    });

    it('has content whose documents are Kubernetes objects and use declared parameters only', () => {
      const path = manifest.spec.content?.path;
      if (path === undefined) return;
      for (const file of readdirSync(join(root, folder, path))) {
        for (const document of parseAllDocuments(readFileSync(join(root, folder, path, file), 'utf8'))) {
          const object = document.toJS() as { apiVersion?: string; kind?: string; metadata?: { name?: string } };
          expect(document.errors).toEqual([]);
          expect([object.apiVersion, object.kind, object.metadata?.name].every((text) => typeof text === 'string')).toBe(true);
          for (const reference of texts(object).flatMap(referencesIn)) expect(Object.keys(properties)).toContain(reference);
        }
      }
    });
  },
);

describe('the built-in templates', () => {
  it('are web-app, redis, cron-job and static-site', () => {
    expect(builtIns.map((item) => item.name)).toEqual(['cron-job', 'redis', 'static-site', 'web-app']);
  });

  it('are workloads that need no dependency', () => {
    expect(builtIns.every(({ manifest }) => manifest.spec.type === 'workload' && manifest.spec.dependencies === undefined)).toBe(
      true,
    );
  });
});

describe('the sample registry', () => {
  it('holds a dozen templates in several versions', () => {
    const names = new Set(samples.map((item) => item.name));
    expect(names.size).toBeGreaterThanOrEqual(12);
    for (const name of names) expect(samples.filter((item) => item.name === name).length).toBeGreaterThan(1);
  });

  it('has a version for every dependency', () => {
    for (const { manifest } of samples) {
      for (const { name, version } of manifest.spec.dependencies ?? []) {
        const versions = samples.filter((item) => item.name === name).map((item) => item.version);
        expect(semver.maxSatisfying(versions, version)).not.toBeNull();
      }
    }
  });

  it('has sealed versions and one that is not', () => {
    expect(samples.filter((item) => item.manifest.trust === undefined).map((item) => item.folder)).toEqual([
      'samples/registry/redis/6.2.14',
    ]);
  });
});
