import { z } from 'zod';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type {
  ArchiveRange,
  ArchiveStream,
  RegistryPlugin,
  SearchFilter,
  SearchPage,
  TemplateDetail,
  TemplateSummary,
  VersionEntry,
} from '../../domain/registry.ts';
import { searchPageSchema, templateDetailSchema, versionListSchema } from '../../domain/registry-schemas.ts';
import { newestFirst, templateNotFound, versionNotFound } from '../../domain/registry-versions.ts';
import type { SignatureDocument } from '../../domain/signature.ts';
import type { GuardedClient, GuardedRequest, GuardedResponse } from '../http/guarded-client.ts';
import { openHttpArchive } from './chandlery-archive.ts';
import { LISTING_LIMITS, type ListedPage, listCatalog, listedPageSchema } from './chandlery-listing.ts';
import { createChandleryReceiver } from './chandlery-receiver.ts';

/** ms for a whole archive; the download step has its own, shorter limits and resumes. */
const ARCHIVE_TIMEOUT_MS = 30 * 60 * 1000;
/** Bytes of an error answer that are looked at. */
const MAX_PROBLEM_BYTES = 64 * 1024;

/** The part of a problem document that tells which thing was not found. */
const problemSchema = z.object({ code: z.string(), alternatives: z.array(z.string().max(256)).max(20).optional() });

/**
 * The registry protocol over http: what every Chandlery server and the stand-alone registry speak. Everything is asked with scope=local,
 * so that two servers which list each other never ask in circles.
 */
export function createChandleryRegistry(config: RegistryConfig, client: GuardedClient): RegistryPlugin {
  const { name, type } = config;
  const remote = new Remote(config, client);
  const ours = <T extends TemplateSummary>(summary: T): T => ({ ...summary, registry: name, registryType: type });
  const getTemplate: RegistryPlugin['getTemplate'] = async (template, version, signal) => {
    const query = `?scope=local${version === undefined ? '' : `&version=${encodeURIComponent(version)}`}`;
    const detail = await remote.json(templateDetailSchema, `${templatePath(name, template)}${query}`, signal, {
      template,
      version,
    });
    checkIdentity(detail, name, template, version);
    return ours(detail);
  };
  return {
    name,
    kind: 'chandlery',
    type,
    async connect(signal) {
      // A search, because a registry may let anyone read its front page and nothing else.
      await remote.json(searchPageSchema, '/search?limit=1&scope=local', signal);
      return { credential: config.credentials?.type ?? 'none' };
    },
    async search(filter, signal) {
      const page: SearchPage = await remote.json(searchPageSchema, `/search?${searchQuery(filter)}`, signal);
      // The names are ours to give: what another server calls itself must not pass for one of our registries.
      return { ...page, templates: page.templates.map(ours) };
    },
    async list(options = {}) {
      const listing = await listCatalog(remote, options);
      return listing.unchanged ? listing : { ...listing, templates: mapBatches(listing.templates, ours) };
    },
    getTemplate,
    async listVersions(template, signal) {
      const { versions } = await remote.json(versionListSchema, `${templatePath(name, template)}/versions?scope=local`, signal, {
        template,
      });
      checkDistinct(versions, name, template);
      return newestFirst(versions);
    },
    openArchive: (template, version, range) => remote.archive(template, version, range),
    receiver: createChandleryReceiver(config, client),
    async signatures(template, version, signal) {
      const { digest, signatures = [] } = await getTemplate(template, version, signal);
      if (digest === undefined) throw versionNotFound(name, template, version);
      return { subject: digest, archive: digest, documents: documentsOf(signatures, `${name}/${template}@${version}`) };
    },
  };
}

async function* documentsOf(texts: readonly string[], origin: string): AsyncGenerator<SignatureDocument, void, undefined> {
  for (const text of texts) yield { form: 'bundle', origin, bytes: Buffer.from(text) };
}

async function* mapBatches(batches: AsyncIterable<TemplateSummary[]>, change: (one: TemplateSummary) => TemplateSummary) {
  for await (const batch of batches) yield batch.map(change);
}

function searchQuery(filter: SearchFilter): URLSearchParams {
  const query = new URLSearchParams({ scope: 'local' });
  for (const key of ['q', 'type', 'sort', 'cursor', 'page', 'limit'] as const) {
    const value = filter[key];
    if (value !== undefined) query.set(key, String(value));
  }
  for (const category of filter.category ?? []) query.append('category', category);
  for (const tag of filter.tag ?? []) query.append('tag', tag);
  return query;
}

function templatePath(registry: string, name: string): string {
  // Dot segments survive percent-encoding and would climb out of the path.
  if (name === '' || name === '.' || name === '..') throw templateNotFound(registry, name);
  return `/templates/${encodeURIComponent(name)}`;
}

function checkIdentity(detail: TemplateDetail, registry: string, name: string, version: string | undefined): void {
  const { metadata } = detail.manifest;
  const isSame = detail.name === name && metadata.name === name && detail.version === metadata.version;
  if (isSame && (version === undefined || detail.version === version)) return;
  const asked = version === undefined ? name : `${name}@${version}`;
  throw new ChandleryError(
    'registry_invalid',
    `Registry ${registry}: asked for ${asked}, answered ${detail.name}@${detail.version}`,
    { registry, template: asked },
  );
}

function checkDistinct(versions: readonly VersionEntry[], registry: string, template: string): void {
  if (new Set(versions.map(({ version }) => version)).size === versions.length) return;
  throw new ChandleryError('registry_invalid', `Registry ${registry} lists a version of ${template} twice`, {
    registry,
    template,
  });
}

interface Subject {
  template: string;
  version?: string | undefined;
}

class Remote {
  readonly #base: string;

  constructor(
    readonly config: RegistryConfig,
    readonly client: GuardedClient,
  ) {
    this.#base = `${config.url}/api/v1`;
  }

  get registry(): string {
    return this.config.name;
  }

  async openCatalog(validator: string | undefined, signal: AbortSignal | undefined): Promise<GuardedResponse> {
    const headers = { accept: 'application/jsonl', ...(validator !== undefined && { 'if-none-match': validator }) };
    const { maxBytes, timeoutMs } = LISTING_LIMITS;
    const response = await this.#request('/catalog?scope=local', { headers, accept: [304, 404], signal, maxBytes, timeoutMs });
    if (response.status === 200) await this.#expectType(response, ['application/jsonl']);
    return response;
  }

  page(query: string, signal: AbortSignal | undefined): Promise<ListedPage> {
    return this.json(listedPageSchema, `/search?${query}`, signal);
  }

  /** `subject` is what a 404 speaks of; without one, a 404 means that there is no registry. */
  async json<T>(schema: z.ZodType<T>, path: string, signal?: AbortSignal, subject?: Subject): Promise<T> {
    const accept = subject ? [400, 404] : [400];
    const response = await this.#request(path, { headers: { accept: 'application/json' }, accept, signal });
    if (response.status >= 400) throw await this.#refused(response, subject);
    await this.#expectType(response, ['application/json']);
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.#invalid(`${response.url}: ${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not valid'}`);
  }

  async archive(template: string, version: string, range: ArchiveRange = {}): Promise<ArchiveStream> {
    const path = `${templatePath(this.config.name, template)}/archive?version=${encodeURIComponent(version)}`;
    const open = async (headers: Record<string, string>): Promise<GuardedResponse> => {
      const limits = { maxBytes: DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes, timeoutMs: ARCHIVE_TIMEOUT_MS };
      const response = await this.#request(path, { headers, accept: [400, 404, 416], signal: range.signal, ...limits });
      if (response.status === 400 || response.status === 404) throw await this.#refused(response, { template, version });
      if (response.status !== 416)
        await this.#expectType(response, ['application/x-tar', 'application/gzip', 'application/octet-stream']);
      return response;
    };
    return openHttpArchive(open, range, (message) => this.#invalid(message));
  }

  #request(path: string, request: Omit<GuardedRequest, 'url'>): Promise<GuardedResponse> {
    const { name, credentials } = this.config;
    return this.client.request({ ...request, url: this.#base + path, registry: name, credentials });
  }

  async #expectType(response: GuardedResponse, types: readonly string[]): Promise<void> {
    const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (types.includes(type)) return;
    await response.discard();
    throw this.#invalid(
      `${response.url}: the content type is ${type ? JSON.stringify(type.slice(0, 100)) : 'missing'}, not ${types[0]}`,
    );
  }

  /** Reads the code of the problem document; a 400 or 404 without one was not written by a registry. */
  async #refused(response: GuardedResponse, subject: Subject | undefined): Promise<ChandleryError> {
    const problem = await this.#readProblem(response);
    const { name } = this.config;
    const known = problem?.alternatives ?? [];
    if (subject && problem?.code === 'template_not_found')
      return withAlternatives(templateNotFound(name, subject.template), known);
    if (subject && problem?.code === 'version_not_found')
      return versionNotFound(name, subject.template, subject.version ?? '', known);
    if (problem?.code === 'invalid_request' || problem?.code === 'invalid_reference') {
      return new ChandleryError('invalid_request', `Registry ${name} does not accept this query`, {
        registry: name,
        upstreamStatus: response.status,
      });
    }
    return this.#invalid(`${response.url} answered ${response.status}: not an answer of the registry protocol`, response.status);
  }

  async #readProblem(response: GuardedResponse): Promise<z.infer<typeof problemSchema> | undefined> {
    if ((response.size ?? 0) > MAX_PROBLEM_BYTES) {
      await response.discard();
      return undefined;
    }
    try {
      return problemSchema.safeParse(await response.json()).data;
    } catch (error) {
      if (error instanceof ChandleryError && error.code === 'registry_invalid') return undefined;
      throw error;
    }
  }

  #invalid(message: string, upstreamStatus?: number): ChandleryError {
    const registry = this.config.name;
    return new ChandleryError(
      'registry_invalid',
      message,
      upstreamStatus === undefined ? { registry } : { registry, upstreamStatus },
    );
  }
}

function withAlternatives(error: ChandleryError, alternatives: string[]): ChandleryError {
  return alternatives.length === 0 ? error : new ChandleryError(error.code, error.message, { ...error.details, alternatives });
}
