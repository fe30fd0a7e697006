import { ChandleryError } from '../errors.ts';
import { isTemplateName } from '../reference.ts';
import type { TemplateManifest } from '../template.ts';
import { readYaml, type YamlDocument } from '../yaml-limits.ts';
import { isObject, packWarnings, toJsonSchema } from './pack-schema.ts';
import { packVersion } from './pack-version.ts';

/** A helmdeck pack's own manifest, and what it is as a template of ours. */

/** Name of the manifest at the root of a pack; the only file its content hash leaves out. */
export const PACK_FILE = 'helmdeck-pack.yaml';

type Json = Record<string, unknown>;

/** A `helmdeck-pack.yaml` as it is written, under its own names. */
export interface PackDocument {
  name: string;
  /** As written: `v1`, `1.10`. */
  version: string;
  /** The whole manifest as JSON; its texts as written, so that `version: 1.10` stays "1.10". */
  manifest: Json;
  /** Where it breaks the catalog's own schema without being unusable. */
  warnings: string[];
}

/** Limits of `template.yaml`, which a pack's metadata must fit; what does not is cut or left out. */
const LIMITS = Object.freeze({ description: 2000, tags: 30, tag: 50, examples: 100, author: 253 });
/** Members whose value is text even where YAML sees a number in it. */
const TEXTS = ['name', 'version', 'author', 'description', 'license', 'category'];
const LICENSE = /^\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads the manifest as it is. Fails with template_invalid when it is not YAML within the limits, or names no pack and version. */
export function readPack(text: string, where: string): PackDocument {
  const document = readYaml(text, { file: where });
  if (!isObject(document.value)) throw invalid(where, 'is not a map');
  const manifest: Json = { ...document.value };
  for (const key of TEXTS) if (key in manifest) manifest[key] = textAt(document, key, manifest[key], where);
  const { name, version } = manifest;
  if (typeof name !== 'string' || name === '') throw invalid(where, 'name: missing');
  if (typeof version !== 'string' || version === '') throw invalid(where, 'version: missing');
  return { name, version, manifest, warnings: packWarnings(manifest) };
}

/** A scalar as written, `1.10` rather than 1.1. */
function textAt(document: YamlDocument, key: string, value: unknown, where: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'object') throw invalid(where, `${key}: must be text`);
  return typeof value === 'string' ? value : (document.sourceOf(`/${key}`) ?? String(value));
}

/**
 * The template a pack is: type `pack`, its handler as it stands, its two schemas as JSON Schema. The version is made semantic (see
 * packVersion); the text it was made from is kept in `spec.handler.pack.version`. Fails with template_invalid for what cannot be read,
 * named or ordered, and for a handler that cannot be run (`builtin`, `wasm`) or that leaves its directory.
 */
export function packManifest(text: string, where: string): TemplateManifest {
  const pack = readPack(text, where);
  checkHandler(pack.manifest.handler, where);
  return packTemplate(pack, where);
}

/** The same for showing: the handler is not judged. Fails with template_invalid for a name or version that no template can have. */
export function packTemplate(pack: PackDocument, where: string): TemplateManifest {
  const { manifest } = pack;
  const version = packVersion(pack.version);
  if (!isTemplateName(pack.name)) throw invalid(where, `name: ${quote(pack.name)} is not the name of a pack (group.verb)`);
  if (version === undefined) throw invalid(where, `version: ${quote(pack.version)} has no order; write it like v1, 1.2 or 1.2.3`);
  const { examples, needs_session } = manifest;
  return {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: { name: pack.name, version, ...metadataOf(manifest) },
    spec: {
      type: 'pack',
      handler: {
        ...(isObject(manifest.handler) ? manifest.handler : { type: 'none' }),
        pack: { version: pack.version, ...(needs_session === true && { needs_session }) },
      },
      inputSchema: toJsonSchema(manifest.input_schema),
      outputSchema: toJsonSchema(manifest.output_schema),
      ...(Array.isArray(examples) && { examples: examples.slice(0, LIMITS.examples) }),
    },
    ...trustOf(manifest.trust),
  };
}

function metadataOf({ description, license, category, tags, author }: Json) {
  const words = packTags(tags);
  return {
    description:
      typeof description === 'string' && description !== '' ? description.slice(0, LIMITS.description) : 'A helmdeck pack.',
    ...(typeof license === 'string' && LICENSE.test(license) && { license }),
    ...(typeof category === 'string' && LABEL.test(category) && { category }),
    ...(words.length > 0 && { tags: words }),
    ...(typeof author === 'string' && author !== '' && { maintainers: [{ name: author.slice(0, LIMITS.author) }] }),
  };
}

/** Tags that a template may have. */
export function packTags(tags: unknown): string[] {
  const texts = Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
  return [...new Set(texts)].filter((tag) => tag !== '' && tag.length <= LIMITS.tag).slice(0, LIMITS.tags);
}

/** Kept as written: the four states of a seal are told apart by whoever judges it. */
function trustOf(trust: unknown): Pick<TemplateManifest, 'trust'> {
  if (!isObject(trust)) return {};
  const { signed_by, sha256 } = trust;
  return {
    trust: {
      ...(typeof signed_by === 'string' && { signed_by }),
      ...(typeof sha256 === 'string' && { sha256 }),
    },
  };
}

function checkHandler(handler: unknown, where: string): void {
  if (!isObject(handler)) throw invalid(where, 'handler: missing');
  const { type, command, steps } = handler;
  if (type === 'composite') {
    const isStep = (step: unknown) => isObject(step) && typeof step.pack === 'string';
    if (!Array.isArray(steps) || steps.length === 0 || !steps.every(isStep))
      throw invalid(where, 'handler.steps: must be a list of {pack, args}');
  } else if (type === 'command') checkCommand(command, where);
  else throw invalid(where, `handler.type: packs of type ${quote(String(type))} cannot be run here; command and composite can`);
}

function checkCommand(command: unknown, where: string): void {
  const isList = Array.isArray(command) && command.every((part) => typeof part === 'string');
  const program: unknown = isList ? command[0] : undefined;
  if (typeof program !== 'string' || program === '') throw invalid(where, 'handler.command: must be a list of texts, not empty');
  const leaves = program.startsWith('/') || program.includes('\\') || program.split('/').includes('..');
  if (leaves) throw invalid(where, `handler.command: ${quote(program)} must be a path inside the pack`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function invalid(where: string, what: string): ChandleryError {
  return new ChandleryError('template_invalid', `${where}: ${what}`, { issues: [{ path: where, message: what }] });
}
