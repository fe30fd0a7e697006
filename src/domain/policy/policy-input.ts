import { ChandleryError } from '../errors.ts';
import type { RegistryType } from '../registry.ts';
import { deployedFiles } from '../render/manifest-files.ts';
import type { TemplateManifest } from '../template.ts';
import { MANIFEST_FILE } from '../template.ts';
import type { SubjectFile } from '../validation.ts';
import { CONTENT_YAML_LIMITS, readYamlDocuments } from '../yaml-limits.ts';
import type { PolicyInput } from './engine.ts';
import { POLICY_LIMITS } from './engine.ts';
import type { JsonValue } from './json-value.ts';

/** What the expressions see, made from an archive as validators see it. */

const OBJECT_FILE = /\.(ya?ml|json)$/i;
/** Enough to tell a Kubernetes object that a template engine must render first from any other text. */
const LOOKS_LIKE_OBJECT = /^\s*["']?kind["']?\s*:/m;
/** As the renderer has it, which refuses what lies deeper. */
const MAX_LIST_DEPTH = 4;

export interface PolicySubject {
  manifest: TemplateManifest;
  files: readonly SubjectFile[];
}

/** Never fails for what the archive holds: a file that cannot be read is named in `unreadable`, and a policy may refuse that. */
export function policyInput(
  { manifest, files }: PolicySubject,
  registry: { name: string; type: RegistryType; kind: string },
): PolicyInput {
  const objects: JsonValue[] = [];
  const unreadable: string[] = [];
  const deployed = new Set(
    deployedFiles(
      manifest,
      files.map(({ path }) => path),
    ),
  );
  for (const file of files) {
    const isDeployed = deployed.has(file.path);
    if (!isDeployed && (!OBJECT_FILE.test(file.path) || file.path === MANIFEST_FILE)) continue;
    const found = objectsOf(file, isDeployed);
    if (found === undefined || objects.length + found.length > POLICY_LIMITS.objects) unreadable.push(file.path);
    else objects.push(...found);
  }
  return {
    template: manifest as unknown as JsonValue,
    files: files.map(({ path, size }) => ({ path, size })),
    objects,
    unreadable,
    registry: { name: registry.name, type: registry.type, kind: registry.kind },
  };
}

/** None for a file of something else; undefined for one that may hold objects, as each that is deployed does, and cannot be read. */
function objectsOf({ path, text }: SubjectFile, isDeployed: boolean): JsonValue[] | undefined {
  if (text === undefined) return undefined;
  try {
    const documents = readYamlDocuments(text, { file: path, limits: CONTENT_YAML_LIMITS, maxDocuments: POLICY_LIMITS.objects });
    return documents.flatMap(({ value }) => listed(value)).filter(isObject);
  } catch (error) {
    if (error instanceof ChandleryError) return isDeployed || LOOKS_LIKE_OBJECT.test(text) ? undefined : [];
    throw error;
  }
}

/** `kind: List` and `kind: PodList` are only a wrapping. */
function listed(value: unknown, depth = 0): unknown[] {
  const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items) || depth >= MAX_LIST_DEPTH) return [value];
  return items.flatMap((item) => listed(item, depth + 1));
}

function isObject(value: unknown): value is JsonValue {
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
  return typeof apiVersion === 'string' && typeof kind === 'string';
}
