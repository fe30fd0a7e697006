import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { Lock } from '../../src/domain/lock.ts';
import { type Catalog, type Constraints, resolve } from '../../src/domain/resolver.ts';
import { arbitraryCatalog, arbitraryConstraints } from '../support/arbitrary-catalogs.ts';
import { bruteForce } from './resolver/oracle.ts';

/** Six kinds of graph, so that it is more than 10,000 in all. */
const RUNS = 1_700;
/** Of what resolves each graph several times over. */
const FEWER_RUNS = 500;
/** The same graphs on every machine: what fails here fails everywhere. */
const SEED = 20_260_801;
const ROOT_RANGES = [undefined, '*', '^1.0.0', '>=2.0.0'];
const EVERYTHING = { optional: true, circles: true, registries: true, yanked: true, missing: true };

interface Root {
  name: string;
  range?: string;
  prerelease?: boolean;
}

const FAILURES = ['dependency_conflict', 'dependency_missing', 'dependency_cycle', 'version_not_found'];

function attempt(root: Root, catalog: Catalog, constraints: Constraints = {}): Lock | ChandleryError {
  try {
    return resolve(root, catalog, constraints);
  } catch (error) {
    if (error instanceof ChandleryError && FAILURES.includes(error.code)) return error;
    throw error;
  }
}

function flat(outcome: Lock | ChandleryError): string[] | undefined {
  if (outcome instanceof ChandleryError) return undefined;
  const chosen = outcome.templates.map(({ registry, name, version }) => `${registry}/${name}@${version}`);
  return [...chosen.sort(), ...(outcome.skipped ?? []).map(({ name }) => `skipped ${name}`).sort()];
}

const arbitraryRoot: fc.Arbitrary<Root> = fc
  .tuple(fc.constantFrom(...ROOT_RANGES), fc.boolean())
  .map(([range, prerelease]) => ({ name: 'root', ...(range === undefined ? {} : { range }), ...(prerelease && { prerelease }) }));

function agree(catalogs: fc.Arbitrary<Catalog>, constraintsOf: (catalog: Catalog) => fc.Arbitrary<Constraints>): void {
  const inputs = catalogs.chain((catalog) => fc.tuple(fc.constant(catalog), constraintsOf(catalog), arbitraryRoot));
  fc.assert(
    fc.property(inputs, ([catalog, constraints, root]) => {
      const outcome = attempt(root, catalog, constraints);
      expect(flat(outcome)).toEqual(bruteForce(root, catalog, constraints));
      if (outcome instanceof ChandleryError) expect(outcome.message.length).toBeGreaterThan(10);
      else for (const { why } of outcome.skipped ?? []) expect(why).not.toBe('');
    }),
    { numRuns: RUNS, seed: SEED },
  );
}

const nothing = () => fc.constant<Constraints>({});

describe('resolve, against plain backtracking', () => {
  it('makes the same choice on small graphs', () => agree(arbitraryCatalog(), nothing));
  it('makes the same choice with circles', () => agree(arbitraryCatalog({ circles: true }), nothing));
  it('makes the same choice with optional, yanked and missing templates', () => {
    agree(arbitraryCatalog({ optional: true, yanked: true, missing: true }), nothing);
  });
  it('makes the same choice with two registries and what is installed', () => {
    agree(arbitraryCatalog({ registries: true, yanked: true }), arbitraryConstraints);
  });
  it('makes the same choice with everything at once', () => {
    agree(arbitraryCatalog(EVERYTHING), arbitraryConstraints);
  });
  it('makes the same choice where only some names are brought up to date', () => {
    agree(arbitraryCatalog(EVERYTHING), (catalog) => {
      const updateOnly = fc.subarray(['root', 'a', 'b', 'c', 'd', 'e'], { minLength: 1, maxLength: 2 });
      return fc.tuple(arbitraryConstraints(catalog), updateOnly).map(([given, names]) => ({ ...given, updateOnly: names }));
    });
  });
});

describe('resolve, with the same content in another order', () => {
  it('gives the same lock or the same words', () => {
    const catalogs = arbitraryCatalog(EVERYTHING);
    const inputs = catalogs.chain((catalog) => fc.tuple(fc.constant(catalog), arbitraryConstraints(catalog)));
    fc.assert(
      fc.property(inputs, ([catalog, constraints]) => {
        const reversed = {
          installed: constraints.installed?.toReversed() ?? [],
          required: constraints.required?.toReversed() ?? [],
        };
        const one = attempt({ name: 'root' }, catalog, constraints);
        const other = attempt({ name: 'root' }, backwards(catalog), reversed);
        expect(JSON.stringify(plain(other))).toBe(JSON.stringify(plain(one)));
      }),
      { numRuns: FEWER_RUNS, seed: SEED },
    );
  });
});

describe('resolve, explaining a failure', () => {
  it('names enough: what it leaves out does not matter', () => {
    forEachConflict((catalog, named) => {
      expect(flat(attempt({ name: 'root' }, reduced(catalog, named)))).toBeUndefined();
    });
  });

  it('names no more than enough: without any one of them there is a solution', () => {
    forEachConflict((catalog, named) => {
      for (const left of named) {
        const rest = named.filter((other) => other !== left);
        expect(flat(attempt({ name: 'root' }, reduced(catalog, rest)))).toBeDefined();
      }
    });
  });
});

function forEachConflict(check: (catalog: Catalog, named: string[]) => void): void {
  fc.assert(
    fc.property(arbitraryCatalog({ missing: true }), (catalog) => {
      const outcome = attempt({ name: 'root' }, catalog);
      if (!(outcome instanceof ChandleryError) || outcome.code === 'version_not_found') return;
      const requirements = outcome.details.requirements as Array<{ by: string | null; name: string; range: string }>;
      check(
        catalog,
        requirements.flatMap(({ by, name, range }) => (by === null ? [] : [`${by} ${name} ${range}`])),
      );
    }),
    { numRuns: FEWER_RUNS, seed: SEED },
  );
}

/** The catalog with only the named dependencies. */
function reduced(catalog: Catalog, named: readonly string[]): Catalog {
  const templates = catalog.templates.map((template) => ({
    ...template,
    versions: template.versions.map((entry) => ({
      ...entry,
      dependencies: entry.dependencies.filter(({ name, version }) => named.includes(`${template.name} ${name} ${version}`)),
    })),
  }));
  return { ...catalog, templates };
}

function backwards(catalog: Catalog): Catalog {
  const templates = catalog.templates.toReversed().map((template) => ({
    ...template,
    versions: template.versions.toReversed().map((entry) => ({ ...entry, dependencies: entry.dependencies.toReversed() })),
  }));
  return { ...catalog, templates };
}

function plain(outcome: Lock | ChandleryError): unknown {
  return outcome instanceof ChandleryError ? [outcome.code, outcome.message, outcome.details] : outcome;
}
