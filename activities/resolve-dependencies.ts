import { lookupBareName } from '../src/domain/bare-name.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { Lock } from '../src/domain/lock.ts';
import type { LockFile } from '../src/domain/lock-file.ts';
import type { Target } from '../src/domain/operation.ts';
import type { RegistrySet } from '../src/domain/registry.ts';
import type { Constraints, Lookup, ResolutionRoot } from '../src/domain/resolver.ts';
import { describeUpdate, gatherCatalog, gatherLocked, resolve, resolveLocked, yankedIn } from '../src/domain/resolver.ts';
import type { ActivityDeps } from './deps.ts';
import { guardIndexes } from './guard-index.ts';
import { registriesFor } from './source-registries.ts';
import { createStep } from './step.ts';

interface Request {
  registry?: string;
  name: string;
  range?: string;
  prerelease?: boolean;
  updateOnly?: string[];
  lock?: LockFile;
}

interface Input {
  target: Target;
  request: Request;
}

/** Absent members stay absent: the results of plain installs have the digests they always had. */
interface Decision {
  lock: Lock;
  /** What is worth knowing about it, in words. */
  notes?: string[];
}

/**
 * Chooses one version for the template and each of its dependencies, highest compatible, with digests; or only the newest of some
 * names; or takes the lock that came with the request, if it still fits.
 */
export function createResolveDependencies(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target, request }: Input, { signal, context }): Promise<Decision> {
      const registries = registriesFor(deps, context.requester);
      const { installed, required } = await constraintsOf(deps, target);
      // A bare name means what is installed under it first of all (DESIGN section 6).
      const registry = request.registry ?? installed.find((install) => install.name === request.name)?.registry;
      const root = {
        name: request.name,
        ...(registry !== undefined && { registry }),
        ...(request.range !== undefined && { range: request.range }),
        ...(request.prerelease !== undefined && { prerelease: request.prerelease }),
      };
      const lookup = guardIndexes(deps, registries, lookupIn(registries, root, signal));
      if (request.lock) return locked(root, request.lock, lookup, { installed, required });
      const { updateOnly } = request;
      if (updateOnly) checkUpdate(target, updateOnly, { root: root.name, installed, required });
      const constraints = { installed, required, ...(updateOnly && { updateOnly }) };
      const lock = resolve(root, await gatherCatalog(root, lookup, constraints), constraints);
      return { lock, ...(updateOnly && withNotes(describeUpdate(lock, constraints))) };
    },
    describe: ({ lock, notes = [] }) => {
      const warnings = [...notes, ...(lock.skipped ?? []).map(skippedInWords)];
      return { detail: describe(lock), ...(warnings.length > 0 && { warnings }) };
    },
  });
}

/** Exactly what the file says, without a choice. */
async function locked(root: ResolutionRoot, file: LockFile, lookup: Lookup, constraints: Constraints): Promise<Decision> {
  const listing = await gatherLocked(file, lookup);
  const lock = resolveLocked(root, file, listing, constraints);
  return { lock, ...withNotes(yankedIn(file, listing).map((version) => `${version} is locked, but was withdrawn (yanked)`)) };
}

interface Needs {
  /** name of the template that was asked for */
  root: string;
  installed: NonNullable<Constraints['installed']>;
  required: NonNullable<Constraints['required']>;
}

function withNotes(notes: string[]): Pick<Decision, 'notes'> {
  return notes.length > 0 ? { notes } : {};
}

/** Only what is there can be brought up to date, and only where the template needs it. */
function checkUpdate({ namespace }: Target, updateOnly: readonly string[], { root, installed, required }: Needs): void {
  const present = new Set(installed.map(({ name }) => name));
  const absent = [root, ...updateOnly].find((name) => !present.has(name));
  if (absent !== undefined)
    throw new ChandleryError('install_not_found', `${absent} is not installed in namespace ${namespace}`, { template: absent });
  const needed = new Set([root]);
  for (const by of needed) for (const need of required) if (need.requiredBy.split(' ')[0] === by) needed.add(need.name);
  const idle = updateOnly.filter((name) => !needed.has(name));
  if (idle.length === 0) return;
  const issues = idle.map((name) => ({ path: '/updateOnly', message: `${root} does not need ${name}` }));
  throw new ChandleryError('invalid_request', `${root} does not need ${idle.join(', ')}`, { template: root, issues });
}

function lookupIn(registries: RegistrySet, root: ResolutionRoot, signal: AbortSignal): Lookup {
  return async (registryName, name, range) => {
    if (registryName === undefined) return lookupBareName(registries, name, range, signal, { prerelease: root.prerelease });
    const registry = await findRegistry(registries, registryName);
    return { registry: registry.name, versions: await registry.listVersions(name, signal, range) };
  };
}

/** What the namespace already holds: it may be kept, and what others there need must go on fitting. */
async function constraintsOf(deps: ActivityDeps, target: Target) {
  const installs = await deps.store.installs.list(target.cluster, target.namespace);
  return {
    installed: installs.map(({ name, version, registry, digest }) => ({ name, version, registry, digest })),
    required: installs.flatMap((install) =>
      install.dependencies.map(({ name, range }) => ({ name, range, requiredBy: `${install.name} ${install.version}` })),
    ),
  };
}

function describe(lock: Lock): string {
  return lock.templates.map((template) => `${template.registry}/${template.name}@${template.version}`).join(', ');
}

function skippedInWords({ name, range, why }: { name: string; range: string; why: string }): string {
  return `optional dependency ${name} ${range} is left out: ${why}`;
}
