import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type ApiAnswer, ApiClient } from '../../tools/lab/api-client.ts';

/** Reads an OpenAPI 3.1 document the way a client would, and holds real answers against it. */

type Json = Record<string, unknown>;

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);
const ROOT_KEYS = new Set([
  ...['openapi', 'info', 'jsonSchemaDialect', 'servers', 'paths', 'webhooks', 'components'],
  ...['security', 'tags', 'externalDocs'],
]);

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Everything about the document that OpenAPI 3.1 does not allow, in words; none = valid as far as it goes. */
export function documentProblems(document: Json): string[] {
  const problems: string[] = [];
  if (!/^3\.1\.\d+$/.test(String(document.openapi))) problems.push(`openapi is ${document.openapi}`);
  const info = asObject(document.info);
  if (typeof info.title !== 'string' || typeof info.version !== 'string') problems.push('info lacks title or version');
  problems.push(...Object.keys(document).flatMap((key) => (ROOT_KEYS.has(key) || key.startsWith('x-') ? [] : [`/${key}`])));
  problems.push(...referencesOf(document).filter((ref) => resolve(document, ref) === undefined));
  const schemes = Object.keys(asObject(asObject(document.components).securitySchemes));
  for (const [path, item] of Object.entries(asObject(document.paths))) {
    if (!path.startsWith('/')) problems.push(`path ${path}`);
    for (const [method, operation] of Object.entries(asObject(item)))
      if (METHODS.has(method))
        problems.push(...operationProblems(asObject(operation), path, schemes).map((text) => `${method} ${path}: ${text}`));
  }
  return problems;
}

function operationProblems(operation: Json, path: string, schemes: string[]): string[] {
  const problems: string[] = [];
  const parameters = ((operation.parameters ?? []) as Json[]).map((parameter) => ({
    key: `${parameter.in}:${parameter.name}`,
    ...parameter,
  })) as Array<Json & { key: string }>;
  const placeholders = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => `path:${name}`);
  const declared = parameters.filter((parameter) => parameter.in === 'path');
  for (const key of placeholders)
    if (!declared.some((parameter) => parameter.key === key)) problems.push(`${key} is not declared`);
  for (const parameter of declared) {
    if (!placeholders.includes(parameter.key)) problems.push(`${parameter.key} is not in the path`);
    if (parameter.required !== true) problems.push(`${parameter.key} must be required`);
  }
  for (const parameter of parameters)
    if ('schema' in parameter === 'content' in parameter) problems.push(`${parameter.key} needs schema or content`);
  if (new Set(parameters.map(({ key }) => key)).size !== parameters.length) problems.push('a parameter is declared twice');
  const responses = Object.entries(asObject(operation.responses));
  if (responses.length === 0) problems.push('no responses');
  for (const [status, response] of responses) {
    if (!/^([1-5](\d\d|XX)|default)$/.test(status)) problems.push(`response ${status}`);
    if (typeof asObject(response).description !== 'string') problems.push(`response ${status} has no description`);
  }
  const used = ((operation.security ?? []) as Json[]).flatMap(Object.keys);
  return [...problems, ...used.filter((name) => !schemes.includes(name)).map((name) => `security scheme ${name}`)];
}

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  return Object.entries(asObject(value)).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : referencesOf(member),
  );
}

function resolve(document: Json, ref: string): unknown {
  if (!ref.startsWith('#/')) return undefined;
  return ref
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => asObject(at)[part], document);
}

const DOCUMENT_ID = 'openapi://document';

/** A client that throws when an answer is not what the document says. */
export class CheckedClient extends ApiClient {
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #paths: Array<{ pattern: RegExp; path: string }>;
  /** `METHOD path status` of every answer that was checked. */
  readonly checked = new Set<string>();

  constructor(
    client: ApiClient,
    readonly document: Json,
  ) {
    super(client.url, client.token);
    // The dialect of OpenAPI 3.1 is JSON Schema 2020-12; what the document adds around its schemas is no keyword.
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ $id: DOCUMENT_ID, components: document.components, paths: document.paths });
    this.#paths = Object.keys(asObject(document.paths)).map((path) => ({
      path,
      pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    }));
  }

  override async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const answer = await super.call(method, path, body, headers);
    const item = (at: string) => asObject(asObject(this.document.paths)[at]);
    const found = this.#paths.find(
      (one) => one.pattern.test(path.split('?')[0] ?? '') && Object.hasOwn(item(one.path), method.toLowerCase()),
    );
    if (found) this.#check(method, found.path, answer);
    return answer;
  }

  #check(method: string, path: string, { status, headers, body }: ApiAnswer): void {
    const operation = asObject(asObject(asObject(this.document.paths)[path])[method.toLowerCase()]);
    const responses = asObject(operation.responses);
    const key = Object.hasOwn(responses, String(status)) ? String(status) : 'default';
    // Only failures may go by the default answer; a success that the document does not name is undocumented.
    if (key === 'default' && status < 400) throw new Error(`${method} ${path}: ${status} is not in the document`);
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
    const content = asObject(asObject(responses[key]).content);
    const bodiless = status === 204 && body === '' && Object.keys(content).length === 0;
    if (!bodiless && !Object.hasOwn(content, type))
      throw new Error(`${method} ${path} ${status}: ${type} is not in the document`);
    this.checked.add(`${method} ${path} ${status}`);
    if (!type.includes('json')) return;
    const pointer = ['paths', path, method.toLowerCase(), 'responses', key, 'content', type, 'schema'];
    const validate = this.#validator(pointer.map((part) => encodeURIComponent(pointerPart(part))).join('/'));
    if (!validate(body)) {
      const issues = (validate.errors ?? []).map(
        (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
      );
      throw new Error(`${method} ${path} ${status} does not match the document:\n${issues.join('\n')}\n${JSON.stringify(body)}`);
    }
  }

  #validator(pointer: string): ValidateFunction {
    const known = this.#compiled.get(pointer) ?? this.#ajv.compile({ $ref: `${DOCUMENT_ID}#/${pointer}` });
    this.#compiled.set(pointer, known);
    return known;
  }
}

function pointerPart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
