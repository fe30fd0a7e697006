import { ChandleryError } from '../src/domain/errors.ts';
import { EMPTY_BOOK } from '../src/domain/policy/book.ts';
import { type IndexNow, isNews, judgeIndex, withoutWaived } from '../src/domain/policy/index-guard.ts';
import { policyFor } from '../src/domain/policy/registry-policy.ts';
import type { RegistryKind, RegistryPlugin, RegistrySet, VersionEntry } from '../src/domain/registry.ts';
import type { Lookup } from '../src/domain/resolver.ts';
import { isSourceRegistry } from '../src/domain/sources/source-registry.ts';
import type { ActivityDeps } from './deps.ts';

/**
 * Kinds whose lists hold every version there ever was, by their protocol. `oci` lists what was asked for; the catalogs of `ark` and `helmdeck` and a
 * branch of `git` hold the newest of each name.
 */
const LISTS_ALL: ReadonlySet<RegistryKind> = new Set(['chandlery', 'helm']);
/** Kinds whose versions are published. The others may be read from a working branch, where a version's bytes move until it gets the next number. */
const KEEPS_BYTES: ReadonlySet<RegistryKind> = new Set(['chandlery', 'helm', 'oci']);

/**
 * The same lookup, holding each registry to what it said before. Fails with index_refused when one takes something back. This server's own
 * templates are not asked: whoever can change them can change what was seen as well; sources of namespaces are each person's own.
 */
export function guardIndexes(deps: ActivityDeps, registries: RegistrySet, lookup: Lookup): Lookup {
  return async (from, name, range) => {
    const found = await lookup(from, name, range);
    if (isSourceRegistry(found.registry) || found.registry === registries.local?.name) return found;
    await guard(deps, registries.get(found.registry), name, found.versions);
    return found;
  };
}

async function guard(
  deps: ActivityDeps,
  registry: RegistryPlugin,
  name: string,
  versions: readonly VersionEntry[],
): Promise<void> {
  const { registryPolicies, waivers } = deps.policies?.book ?? EMPTY_BOOK;
  const policy = policyFor(registry, registryPolicies);
  if (!policy.protectIndex) return;
  const generatedAt = await registry.indexDate?.();
  const index: IndexNow = {
    versions,
    complete: LISTS_ALL.has(registry.kind),
    keepsBytes: KEEPS_BYTES.has(registry.kind),
    ...(generatedAt !== undefined && { generatedAt }),
  };
  const seen = await deps.store.seen.find(registry.name, name);
  const problems = judgeIndex(seen, index, policy, Date.now());
  const left = withoutWaived(problems, { registry: registry.name, template: name }, waivers, Date.now());
  const [first] = left;
  if (first) {
    const words = left.map(({ rule, message }) => `${rule}: ${message}`).join('; ');
    throw new ChandleryError('index_refused', `what registry ${registry.name} says of ${name} is refused: ${words}`, {
      registry: registry.name,
      template: name,
      issues: left.map(({ rule, message }) => ({ path: rule, message })),
    });
  }
  // Somebody answers for what the registry took back: from now on this is what it said.
  const replaces = problems.length > 0;
  if (replaces || isNews(seen, index)) await deps.store.seen.remember(registry.name, name, index, replaces);
}
