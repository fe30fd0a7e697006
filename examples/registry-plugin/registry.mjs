// A registry of one's own: templates that lie in a list of this module. A real one would ask a portal, a database or a file share.
// It is read once at start, runs in a process of its own, and needs nothing but the functions below.
import { createHash } from 'node:crypto';

/** The version of the interface this module is written for. */
export const apiVersion = 1;

const TEMPLATES = [
  {
    name: 'hello-config',
    version: '1.0.0',
    description: 'A ConfigMap that says hello.',
    category: 'examples',
    tags: ['example', 'config'],
    objects: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello}\ndata: {text: hello}\n',
  },
  {
    name: 'hello-config',
    version: '1.1.0',
    description: 'A ConfigMap that says hello, louder.',
    category: 'examples',
    tags: ['example', 'config'],
    objects: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello}\ndata: {text: HELLO}\n',
  },
];

let registry = { name: '', type: '' };

/** Called at load, and whenever somebody asks whether the registry works. `config`: name, type, url, credentials. */
export async function connect(config) {
  registry = config;
}

/** One page. `filter`: q, category, tag, type, sort, cursor, limit. A plugin without `list` is listed through this one. */
export async function search(filter) {
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const found = newest().filter(({ name, description }) => words.every((word) => `${name} ${description}`.includes(word)));
  return { templates: found.map(summaryOf), total: found.length };
}

/** One template. A code of the catalog of errors says what is wrong; any other failure counts as a fault of the plugin. */
export async function getTemplate(name, version) {
  const template = version === undefined ? newest().find((one) => one.name === name) : find(name, version);
  if (!template) throw failure(version === undefined ? 'template_not_found' : 'version_not_found', `there is no ${name}`);
  const archive = archiveOf(template);
  return {
    ...summaryOf(template),
    digest: digestOf(archive),
    manifest: manifestOf(template),
    versions: TEMPLATES.filter((one) => one.name === name).map((one) => one.version),
    size: archive.length,
  };
}

/** Optional: what an install asks first. Without it, getTemplate is asked for each version. */
export async function listVersions(name) {
  const versions = TEMPLATES.filter((one) => one.name === name);
  if (versions.length === 0) throw failure('template_not_found', `there is no ${name}`);
  return versions.map((template) => {
    const archive = archiveOf(template);
    return { version: template.version, digest: digestOf(archive), size: archive.length, dependencies: [] };
  });
}

/** Optional: without it, templates can be found and not installed. `body`: bytes, or an async iterable of them. */
export async function openArchive(name, version) {
  const template = find(name, version);
  if (!template) throw failure('version_not_found', `there is no ${name}@${version}`);
  const archive = archiveOf(template);
  return { size: archive.length, digest: digestOf(archive), body: archive };
}

const find = (name, version) => TEMPLATES.find((one) => one.name === name && one.version === version);
const newest = () => TEMPLATES.filter((one, at) => !TEMPLATES.slice(at + 1).some((later) => later.name === one.name));
const failure = (code, message) => Object.assign(new Error(message), { code });
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function summaryOf({ name, version, description, category, tags }) {
  return { name, version, description, category, tags, type: 'manifests', registry: registry.name, registryType: registry.type };
}

function manifestOf({ name, version, description, category, tags }) {
  return {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: { name, version, description, category, tags },
    spec: { type: 'manifests', content: { path: 'manifests' } },
  };
}

/** A tar of two files. The same template must give the same bytes each time: its digest is what an install holds on to. */
function archiveOf(template) {
  const files = [
    ['manifests/hello.yaml', template.objects],
    ['template.yaml', JSON.stringify(manifestOf(template), null, 2)],
  ];
  return Buffer.concat([...files.flatMap(([path, text]) => tarEntry(path, Buffer.from(text))), Buffer.alloc(1024)]);
}

function tarEntry(path, data) {
  const header = Buffer.alloc(512);
  const field = (at, width, value) => header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  header.write(path, 0);
  field(100, 8, 0o644);
  field(108, 8, 0);
  field(116, 8, 0);
  field(124, 12, data.length);
  field(136, 12, 0);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
}
