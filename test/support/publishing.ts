import { packFiles } from '../../src/adapters/archive/pack.ts';
import { digestOf } from '../../src/domain/content-hash.ts';
import type { ApiAnswer } from '../../tools/lab/api-client.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';

/** What tests of publishing send. */

export interface ToPublish {
  name: string;
  version: string;
  description?: string;
  dependencies?: Array<{ name: string; version: string; registry?: string }>;
  /** Other members of metadata. */
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  files?: Record<string, string>;
}

const README = `# A template for tests

## Usage

\`\`\`
chandlery install it
\`\`\`

## Upgrading

Nothing to do.
`;

/** The archive of a template that has everything that is asked for. */
export function archiveOf(template: ToPublish): Buffer {
  const { name, version, description = `A template named ${name}, for tests of publishing.`, dependencies } = template;
  const manifest = {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: {
      ...{ name, version, description, license: 'Apache-2.0', category: 'testing', tags: ['test', 'publish'] },
      ...{ homepage: 'https://example.com/', maintainers: [{ name: 'Ann', email: 'ann@example.com' }] },
      ...template.metadata,
    },
    spec: { type: 'manifests', content: { path: 'manifests' }, ...(dependencies && { dependencies }), ...template.spec },
  };
  const files = {
    'template.yaml': JSON.stringify(manifest),
    'README.md': README,
    'manifests/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
    ...template.files,
  };
  return packFiles(Object.entries(files).map(([path, text]) => ({ path, data: Buffer.from(text) })));
}

/** Sends an archive as a form, as browsers and the command line do: to the server itself, or with '' to wherever its default is. */
export async function postArchive(
  api: ApiClient,
  archive: Buffer,
  { registry = 'local', query = '', digest }: { registry?: string; query?: string; digest?: string } = {},
): Promise<ApiAnswer> {
  const form = new FormData();
  if (registry !== '') form.set('registry', registry);
  if (digest !== undefined) form.set('digest', digest);
  form.set('archive', new Blob([new Uint8Array(archive)]), 'template.tar');
  return await postForm(api, form, query);
}

export async function postForm(api: ApiClient, form: FormData | string, query = '', type?: string): Promise<ApiAnswer> {
  const response = await fetch(`${api.url}/api/v1/templates${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, ...(type !== undefined && { 'content-type': type }) },
    body: form,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** Publishes and waits for the end. */
export async function publish(api: ApiClient, template: ToPublish) {
  const { status, body } = await postArchive(api, archiveOf(template));
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return await api.ended(body.operation);
}

export function archiveDigest(template: ToPublish): string {
  return digestOf(archiveOf(template));
}

/** A client for a new token. */
export async function clientFor(
  admin: ApiClient,
  user: string,
  rights: { roles?: Array<{ role: string; namespace: string }>; scopes?: string[] } = {
    roles: [{ role: 'operator', namespace: '*' }],
  },
): Promise<ApiClient> {
  const { status, body } = await admin.call('POST', '/api/v1/tokens', { user, groups: [], ...rights });
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  return new ApiClient(admin.url, body.token);
}
