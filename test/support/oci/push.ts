import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { acquireHelm } from '../../../tools/local-cluster/programs.ts';

/** Puts things into a registry: artifacts by hand, charts by real Helm. */

const run = promisify(execFile);

export interface PushTarget {
  /** `http://127.0.0.1:<port>` */
  url: string;
  authorization?: string;
}

export interface BlobDescriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function send(target: PushTarget, path: string, init: RequestInit): Promise<Response> {
  const headers = {
    ...(target.authorization && { authorization: target.authorization }),
    ...(init.headers as Record<string, string>),
  };
  const response = await fetch(new URL(path, target.url), { ...init, headers });
  if (!response.ok) throw new Error(`${init.method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function pushBlob(target: PushTarget, repository: string, mediaType: string, bytes: Buffer): Promise<BlobDescriptor> {
  const digest = digestOf(bytes);
  const opened = await send(target, `/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(opened.headers.get('location') ?? '', target.url);
  location.searchParams.set('digest', digest);
  await send(target, `${location.pathname}${location.search}`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { 'content-type': 'application/octet-stream' },
  });
  return { mediaType, digest, size: bytes.length };
}

/** Answers the manifest's digest. */
export async function pushManifest(
  target: PushTarget,
  repository: string,
  reference: string,
  manifest: Record<string, unknown> & { mediaType: string },
): Promise<string> {
  const body = JSON.stringify(manifest);
  await send(target, `/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    body,
    headers: { 'content-type': manifest.mediaType },
  });
  return digestOf(Buffer.from(body));
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const EMPTY = Buffer.from('{}');

export interface ArtifactFixture {
  repository: string;
  tags: readonly string[];
  artifactType?: string;
  config?: { mediaType: string; bytes: Buffer };
  layers: ReadonlyArray<{ mediaType: string; bytes: Buffer }>;
  annotations?: Record<string, string>;
  subject?: BlobDescriptor;
  mediaType?: string;
}

/** Pushes blobs and a manifest under each tag (or by its digest when there is none). Answers the manifest's descriptor. */
export async function pushArtifact(target: PushTarget, fixture: ArtifactFixture): Promise<BlobDescriptor> {
  const { repository, tags, layers, config = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: EMPTY } } = fixture;
  const manifest = {
    schemaVersion: 2,
    mediaType: fixture.mediaType ?? OCI_MANIFEST,
    ...(fixture.artifactType && { artifactType: fixture.artifactType }),
    config: await pushBlob(target, repository, config.mediaType, config.bytes),
    layers: await Promise.all(layers.map(({ mediaType, bytes }) => pushBlob(target, repository, mediaType, bytes))),
    ...(fixture.subject && { subject: fixture.subject }),
    ...(fixture.annotations && { annotations: fixture.annotations }),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  for (const tag of tags.length > 0 ? tags : [digestOf(bytes)]) await pushManifest(target, repository, tag, manifest);
  return { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** A template of ours as an artifact; `archive` is what the layer holds. */
export async function pushTemplate(
  target: PushTarget,
  repository: string,
  tag: string,
  archive: Buffer,
  manifest?: unknown,
): Promise<BlobDescriptor> {
  return pushArtifact(target, {
    repository,
    tags: [tag],
    artifactType: 'application/vnd.chandlery.template.v1',
    ...(manifest !== undefined && {
      config: { mediaType: 'application/vnd.chandlery.template.config.v1+json', bytes: Buffer.from(JSON.stringify(manifest)) },
    }),
    layers: [{ mediaType: 'application/vnd.chandlery.template.v1.tar', bytes: archive }],
  });
}

/** A layer as image builders write them. */
export function layerOf(files: Record<string, string>): { mediaType: string; bytes: Buffer } {
  const tar = packFiles(Object.entries(files).map(([path, text]) => ({ path, data: Buffer.from(text) })));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: gzipSync(tar) };
}

/** An image with a deployer's files; tags all name the same digest. */
export function pushDeployer(
  target: PushTarget,
  repository: string,
  tags: readonly string[],
  schema: string,
): Promise<BlobDescriptor> {
  return pushArtifact(target, {
    repository,
    tags,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      bytes: Buffer.from('{"os":"linux","architecture":"amd64"}'),
    },
    layers: [layerOf({ 'bin/deploy.sh': '#!/bin/sh\n' }), layerOf({ 'data/schema.yaml': schema, 'data/chart/README': 'x' })],
  });
}

export interface Helm {
  /** Packs a chart and pushes it below `path`. Answers the bytes of the archive. */
  push(path: string, chart: ChartFixture): Promise<Buffer>;
  close(): Promise<void>;
}

export interface ChartFixture {
  name: string;
  version: string;
  /** more lines of Chart.yaml */
  chart?: string;
  files?: Record<string, string>;
}

/** Real Helm with a home of its own, logged in where a credential is given. `ca` is the authority of a registry that speaks TLS. */
export async function openHelm(host: string, login?: { username: string; password: string }, ca?: string): Promise<Helm> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  const program = await acquireHelm({ cacheDir, env: process.env, log: (line) => process.stderr.write(`${line}\n`) });
  const home = await mkdtemp(join(tmpdir(), 'chandlery-helm-'));
  const options = { env: { PATH: process.env.PATH, HOME: home }, cwd: home };
  const transport = ca === undefined ? ['--plain-http'] : ['--ca-file', ca];
  if (login)
    await run(
      program,
      ['registry', 'login', host, ...transport, '--username', login.username, '--password', login.password],
      options,
    );
  return {
    async push(path, { name, version, chart = '', files = {} }) {
      const directory = join(home, `${name}-${version}`, name);
      const content = {
        'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n${chart}`,
        'templates/config.yaml': CONFIG,
        ...files,
      };
      for (const [file, text] of Object.entries(content)) {
        await mkdir(dirname(join(directory, file)), { recursive: true });
        await writeFile(join(directory, file), text);
      }
      await run(program, ['package', directory, '--destination', home], options);
      const archive = join(home, `${name}-${version}.tgz`);
      await run(program, ['push', archive, `oci://${host}/${path}`, ...transport], options);
      return readFile(archive);
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n';
