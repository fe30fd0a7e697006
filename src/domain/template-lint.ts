/** Rules of template.yaml that span several places, so that no JSON Schema can say them. */

import { pointerOf } from './json-pointer.ts';
import { nearest, type Violation } from './schema-words.ts';
import type { TemplateManifest } from './template.ts';

/** As many as a reader is shown. */
const MAX_VIOLATIONS = 50;

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* duplicates(names: readonly string[], list: string, what: string): Generator<Violation> {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) yield { pointer: `${list}/${index}/name`, part: 'value', message: `${what} "${name}" is there twice` };
    seen.add(name);
  }
}

function* dependencyRules({ metadata, spec }: TemplateManifest): Generator<Violation> {
  for (const [list, key] of [
    [spec.dependencies, 'dependencies'],
    [spec.inherits, 'inherits'],
  ] as const) {
    const pointer = `/spec/${key}`;
    for (const [index, item] of (list ?? []).entries()) {
      // A namesake in another registry is another template.
      if (item.name === metadata.name && !('registry' in item)) {
        yield { pointer: `${pointer}/${index}/name`, part: 'value', message: `"${item.name}" is this template itself` };
      }
    }
    yield* duplicates(
      (list ?? []).map((item) => item.name),
      pointer,
      key === 'inherits' ? 'parent' : 'dependency',
    );
  }
}

/** A component that waits for itself, directly or through others; undefined when there is an order. */
function circleOf(after: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of after.get(name) ?? []) {
      const circle = visit(next, [...path, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of after.keys()) {
    const circle = visit(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function* componentRules({ spec }: TemplateManifest): Generator<Violation> {
  const components = spec.components ?? [];
  const names = components.map((component) => component.name);
  yield* duplicates(names, '/spec/components', 'component');
  let unknown = false;
  for (const [index, component] of components.entries()) {
    for (const [at, wanted] of (component.dependsOn ?? []).entries()) {
      if (names.includes(wanted)) continue;
      unknown = true;
      const near = nearest(wanted, names);
      const advice = near === undefined ? `the components are ${names.join(', ')}` : `did you mean "${near}"?`;
      yield {
        pointer: `/spec/components/${index}/dependsOn/${at}`,
        part: 'value',
        message: `there is no component "${wanted}": ${advice}`,
      };
    }
  }
  const circle = unknown
    ? undefined
    : circleOf(new Map(components.map((component) => [component.name, component.dependsOn ?? []])));
  if (circle !== undefined)
    yield {
      pointer: '/spec/components',
      part: 'key',
      message: `the components wait for each other in a circle: ${circle.join(' -> ')}`,
    };
}

function propertiesOf(manifest: TemplateManifest): Json {
  const properties = manifest.spec.parameters?.properties;
  return isObject(properties) ? properties : {};
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Longest match first: `$$` stands for a dollar sign and hides what follows it.
const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

/** Names of the parameters a text refers to, by the one substitution language of templates (`$name`, `${name}`, `${name:-x}`, `$$`). */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap((match) => match[1] ?? match[2] ?? []);
}

interface Reference {
  pointer: string;
  name: string;
  /** a text around it, or the whole member: `parameter:` and `when:` hand the parameter on without writing it into a text */
  how: 'text' | 'whole';
}

function* referencesOf(value: unknown, pointer: string): Generator<Reference> {
  if (typeof value === 'string') {
    for (const name of referencesIn(value)) yield { pointer, name, how: 'text' };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const at = pointerOf(pointer, key);
      const names = (key === 'parameter' || key === 'when') && typeof child === 'string' && !Array.isArray(value);
      if (names) yield { pointer: at, name: child, how: 'whole' };
      else yield* referencesOf(child, at);
    }
  }
}

function isSecret(property: unknown): boolean {
  const extension = isObject(property) ? property['x-chandlery'] : undefined;
  return isObject(extension) && (extension.secret === true || extension.generated !== undefined);
}

function unknownParameter(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const advice = near === undefined ? 'declare it in spec.parameters, or write $$ for a dollar sign' : `did you mean "${near}"?`;
  return `there is no parameter "${name}": ${advice}`;
}

function* referenceRules(manifest: TemplateManifest): Generator<Violation> {
  const properties = propertiesOf(manifest);
  const known = Object.keys(properties);
  const declared = new Set(known);
  for (const reference of referencesOf(manifest.spec.workload ?? {}, '/spec/workload')) {
    if (!declared.has(reference.name)) {
      yield { pointer: reference.pointer, part: 'value', message: unknownParameter(reference.name, known) };
    } else if (reference.how === 'text' && isSecret(properties[reference.name])) {
      // Written into a text it would stand readable in the Pod; as env it goes through a Secret.
      const advice = 'give it to the container as env with `parameter`';
      yield {
        pointer: reference.pointer,
        part: 'value',
        message: `"${reference.name}" is a secret and may not be part of a text: ${advice}`,
      };
    }
  }
  for (const [image, { parameters }] of Object.entries(manifest.spec.images ?? {})) {
    for (const [part, name] of Object.entries(parameters ?? {})) {
      if (declared.has(name)) continue;
      yield {
        pointer: pointerOf(pointerOf(pointerOf('/spec/images', image), 'parameters'), part),
        part: 'value',
        message: unknownParameter(name, known),
      };
    }
  }
}

function* parameterNameRules(manifest: TemplateManifest): Generator<Violation> {
  // Only these two types substitute by name; a chart or a deployer has dotted names of its own.
  if (manifest.spec.type !== 'workload' && manifest.spec.type !== 'manifests') return;
  for (const name of Object.keys(propertiesOf(manifest))) {
    if (IDENTIFIER.test(name)) continue;
    const message = `parameter "${name}" cannot be written as \${name}: use letters, digits and underscores`;
    yield { pointer: pointerOf('/spec/parameters/properties', name), part: 'key', message };
  }
}

function* allRules(manifest: TemplateManifest): Generator<Violation> {
  const outputs = manifest.spec.outputs ?? [];
  yield* dependencyRules(manifest);
  yield* componentRules(manifest);
  yield* duplicates(
    outputs.map((output) => output.name),
    '/spec/outputs',
    'output',
  );
  yield* parameterNameRules(manifest);
  yield* referenceRules(manifest);
}

/** Violations of a manifest that already fits the JSON Schema; at most MAX_VIOLATIONS of them, since each costs a search for what was meant. */
export function lintTemplate(manifest: TemplateManifest): Violation[] {
  const found: Violation[] = [];
  for (const violation of allRules(manifest)) {
    found.push(violation);
    if (found.length === MAX_VIOLATIONS) break;
  }
  return found;
}
