/** What a resolution decided, down to the bytes: the only thing the later steps of an install may fetch and store. */

/** Where the archive of a template lies that no registry of this server has. */
export interface ArchiveOrigin {
  /** `oci://host/path/name` of a chart */
  chart: string;
  /** Scheme and host of the public list that names it; such a one must not lead into our own network. */
  listedBy?: string;
}

export interface LockedTemplate {
  registry: string;
  name: string;
  version: string;
  /** `sha256:<hex>` of the archive */
  digest: string;
  /** bytes; 0 where an installed template is kept that its registry no longer lists */
  size: number;
  /** names, sorted */
  dependencies: string[];
  /** templates of this lock that asked for it, sorted by name; empty for the root */
  requiredBy: Array<{ name: string; range: string }>;
  /** Only of templates from a namespace's source: what the source says later changes nothing. */
  origin?: ArchiveOrigin;
}

/** An optional dependency that could not be had, and why, in words. */
export interface SkippedDependency {
  name: string;
  range: string;
  why: string;
}

export interface Lock {
  /** name of the template that was asked for */
  root: string;
  /** dependencies before dependents, ties by name */
  templates: LockedTemplate[];
  skipped?: SkippedDependency[];
}

/**
 * The lock as one string in which only its content counts: keys sorted, no white space. Equal locks give equal strings, so the
 * digest of a lock is the hash of this string (taken by the caller; workflow code may import this file and has no hash).
 */
export function canonicalLock(lock: Lock): string {
  return JSON.stringify(lock, (_key, value: unknown) => (isPlainObject(value) ? sortKeys(value) : value));
}

/** Puts dependencies before dependents, the smallest name first among those that are ready. The templates must form no circle. */
export function orderTemplates(templates: readonly LockedTemplate[]): LockedTemplate[] {
  const byName = new Map(templates.map((template) => [template.name, template]));
  const waitingFor = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const template of templates) {
    const inside = template.dependencies.filter((name) => byName.has(name));
    waitingFor.set(template.name, inside.length);
    for (const name of inside) {
      const known = dependents.get(name);
      if (known === undefined) dependents.set(name, [template.name]);
      else known.push(template.name);
    }
  }
  const ready = new NameHeap();
  for (const [name, count] of waitingFor) if (count === 0) ready.push(name);
  const ordered: LockedTemplate[] = [];
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    const template = byName.get(name);
    if (template !== undefined) ordered.push(template);
    for (const dependent of dependents.get(name) ?? []) {
      const left = (waitingFor.get(dependent) ?? 0) - 1;
      waitingFor.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  return ordered;
}

/** Smallest name first: a binary heap, so that ten thousand templates are ordered without sorting ten thousand times. */
class NameHeap {
  readonly #names: string[] = [];

  push(name: string): void {
    const names = this.#names;
    let index = names.push(name) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  pop(): string | undefined {
    const names = this.#names;
    const top = names[0];
    const last = names.pop();
    if (names.length === 0 || last === undefined) return top;
    names[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(child, index)) return top;
      this.#swap(index, child);
      index = child;
    }
  }

  #before(a: number, b: number): boolean {
    const first = this.#names[a];
    const second = this.#names[b];
    return first !== undefined && second !== undefined && first < second;
  }

  #swap(a: number, b: number): void {
    const first = this.#names[a];
    const second = this.#names[b];
    if (first === undefined || second === undefined) return;
    this.#names[a] = second;
    this.#names[b] = first;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
