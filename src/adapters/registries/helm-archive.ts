import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { CHART_FORMAT, chartManifest } from '../../domain/foreign/chart.ts';
import { archiveFiles, foreignKeep } from '../../domain/foreign/index.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { ArchiveRange, ArchiveStream, DependencySpec } from '../../domain/registry.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { createArchiveReader } from '../archive/inspect.ts';
import { readBytes } from '../http/body.ts';
import type { GuardedClient, GuardedResponse } from '../http/guarded-client.ts';
import { openHttpArchive } from './chandlery-archive.ts';
import type { HelmEntry } from './helm-entry.ts';

/** ms for a whole archive; the download step has its own, shorter limits and resumes. */
const ARCHIVE_TIMEOUT_MS = 30 * 60 * 1000;
/** Of a chart that is only shown; the largest known ones have 2 MB. Bytes. */
const MAX_SHOWN_BYTES = 32 * 1024 * 1024;
/** Characters of manifests and readmes of charts shown lately. */
const MAX_KEPT_LENGTH = 8 * 1024 * 1024;

/** What only the archive tells of a chart. Its manifest is under the chart's own name. */
export interface ShownChart {
  manifest: TemplateManifest;
  parametersFrom?: 'schema' | 'inferred';
  packedDependencies?: DependencySpec[];
  readme?: string;
  /** bytes of the archive */
  size: number;
}

/** The archives of one repository: their URLs, as the index gives them, and what is in them. */
export class HelmArchives {
  readonly #shown = new LRUCache<string, ShownChart>({
    maxSize: MAX_KEPT_LENGTH,
    sizeCalculation: ({ readme = '', ...rest }) => JSON.stringify(rest).length + readme.length,
  });

  constructor(
    readonly config: RegistryConfig,
    readonly client: GuardedClient,
  ) {}

  /** The archive as the repository serves it. Fails with registry_invalid where there is none. */
  async open(name: string, entry: HelmEntry, range: ArchiveRange = {}): Promise<ArchiveStream> {
    const { signal, digest, offset = 0 } = range;
    // A range of other bytes than the caller holds would splice two archives together.
    const isSame = digest === undefined || digest === entry.digest;
    const open = (headers: Record<string, string>) =>
      this.#request(name, entry, { headers, signal, maxBytes: DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes });
    const start = isSame ? offset : 0;
    const stream = await openHttpArchive(open, { offset: start, ...(signal ? { signal } : {}) }, (message) =>
      this.#invalid(message),
    );
    return { ...stream, digest: entry.digest };
  }

  /** Reads a chart to show it. Fails with digest_mismatch, archive_invalid, too_large or template_invalid. */
  async show(name: string, entry: HelmEntry, signal?: AbortSignal): Promise<ShownChart> {
    const known = this.#shown.get(entry.digest);
    if (known !== undefined) return known;
    const response = await this.#request(name, entry, { headers: {}, signal, maxBytes: MAX_SHOWN_BYTES });
    const bytes = await readBytes(response.body);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const template = `${name}@${entry.version}`;
    const { name: registry } = this.config;
    if (digest !== entry.digest)
      throw new ChandleryError('digest_mismatch', `${registry} promised ${entry.digest} for ${template} and sent ${digest}`, {
        registry,
        template,
      });
    const shown = await this.#read(bytes, template, signal);
    this.#shown.set(entry.digest, shown);
    return shown;
  }

  async #read(bytes: Buffer, template: string, signal: AbortSignal | undefined): Promise<ShownChart> {
    const archive = await createArchiveReader().inspect(inOnePiece(bytes), {
      keep: foreignKeep(),
      ...(signal ? { signal } : {}),
    });
    const paths = archive.files.map(({ path }) => path);
    const marker = CHART_FORMAT.marker(paths);
    if (marker === undefined)
      throw new ChandleryError('template_invalid', `the archive of ${template} is no Helm chart: it holds no <name>/Chart.yaml`, {
        template,
      });
    const files = archiveFiles(paths, archive.bodies);
    const { manifest, parametersFrom, packed, readme } = chartManifest(files, marker, template);
    const text = readme === undefined ? undefined : files.text(readme)?.slice(0, LIMITS.readme);
    return {
      manifest,
      size: bytes.length,
      ...(parametersFrom ? { parametersFrom } : {}),
      ...(packed.length > 0 ? { packedDependencies: packed } : {}),
      ...(text === undefined ? {} : { readme: text }),
    };
  }

  async #request(
    name: string,
    entry: HelmEntry,
    { headers, signal, maxBytes }: { headers: Record<string, string>; signal: AbortSignal | undefined; maxBytes: number },
  ): Promise<GuardedResponse> {
    const url = this.#urlOf(name, entry);
    const base = new URL(this.config.url);
    const isOurs = url.origin === base.origin;
    const response = await this.client.request({
      url,
      registry: this.config.name,
      headers,
      signal,
      maxBytes,
      timeoutMs: ARCHIVE_TIMEOUT_MS,
      accept: [404, 410, 416],
      // The index chose the address: it may not lead where a redirect could not, nor take the credential to another host.
      ...(isOurs ? { credentials: this.config.credentials } : { namedBy: `${this.config.url}/index.yaml` }),
    });
    const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (response.status !== 404 && response.status !== 410 && type !== 'text/html') return response;
    await response.discard();
    const what = response.status >= 400 ? `answered ${response.status}` : 'answered a web page';
    throw this.#invalid(`${response.url} ${what}, though the index lists it as the archive of ${name}@${entry.version}`);
  }

  /** Relative URLs are meant from the repository, not from its index: that makes a difference without a last slash. */
  #urlOf(name: string, entry: HelmEntry): URL {
    const base = `${this.config.url}/`;
    const url = URL.canParse(entry.url, base) ? new URL(entry.url, base) : undefined;
    if (url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
    const shown = JSON.stringify(entry.url.slice(0, 200));
    throw this.#invalid(
      `the archive of ${name}@${entry.version} is at ${shown}: only http and https can be read, an OCI registry with kind oci`,
    );
  }

  #invalid(message: string): ChandleryError {
    return new ChandleryError('registry_invalid', message, { registry: this.config.name });
  }
}

async function* inOnePiece(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
