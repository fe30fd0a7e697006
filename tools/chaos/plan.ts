import type { TemplateFixture } from '../../test/support/registry-folder.ts';
import type { ChaosOptions } from './options.ts';
import { SeededRandom } from './random.ts';

/**
 * One kill each so many milliseconds. A new worker needs one to three seconds to start and a lost step four to be given to another;
 * at twice this pace no operation gets past its first steps while the kills last, and the later steps are never hit.
 */
const KILL_EVERY_MS = 2_500;
/** Installs are spread over the kills; without kills this is the pace, milliseconds. */
const INSTALL_EVERY_MS = 300;
/** The first kill comes when the first installs are under way, milliseconds. */
const FIRST_KILL_MS = 1_000;

/** Characters of an archive's payload. The large ones span several of the store's chunks, so that a broken transfer can resume. */
const SMALL = { from: 10_000, to: 80_000 };
const LARGE = { from: 400_000, to: 900_000 };
const LARGE_EVERY = 4;
const SHARED_COUNT = 6;
const MAX_DEPENDENCIES = 3;

/** Every shared template is offered in these; `^1.0.0` must give 1.1.0 and never 2.0.0. */
const SHARED_VERSIONS = ['1.0.0', '1.1.0', '2.0.0'];
const SHARED_RANGE = '^1.0.0';
const SHARED_RESULT = '1.1.0';
const ROOT_VERSION = '1.0.0';
/** What every second shared template needs itself, so that locks have a second level. */
const BASE = 'base';

export interface PlannedInstall {
  /** Milliseconds after the start of the run. */
  at: number;
  namespace: string;
  name: string;
  /** What must be in the namespace afterwards: version by name. */
  expected: Record<string, string>;
}

export interface PlannedKill {
  /** Milliseconds after the start of the run. */
  at: number;
  /** Which of the workers alive then: 0 (inclusive) to 1 (exclusive), the oldest first. */
  pick: number;
}

export interface ChaosPlan {
  templates: TemplateFixture[];
  installs: PlannedInstall[];
  kills: PlannedKill[];
}

/** Everything a run leaves to chance, drawn beforehand from its seed. */
export function planChaos({ installs, kills, seed }: Omit<ChaosOptions, 'targets'>): ChaosPlan {
  const random = new SeededRandom(seed);
  const spanMs = Math.max(kills * KILL_EVERY_MS, installs * INSTALL_EVERY_MS);
  const roots = Array.from({ length: installs }, (_, at) => planRoot(random, at + 1));
  // One somewhere in each equal part of the time, so that there is always something to hit.
  const within = (at: number, count: number) => Math.floor(((at + random.next()) * spanMs) / count);
  return {
    templates: [...sharedTemplates(random), ...roots.map(({ template }) => template)],
    installs: random.some(roots, installs).map(({ install }, at) => ({ ...install, at: within(at, installs) })),
    kills: Array.from({ length: kills }, (_, at) => ({ at: FIRST_KILL_MS + within(at, kills), pick: random.next() })),
  };
}

function planRoot(random: SeededRandom, number: number): { template: TemplateFixture; install: Omit<PlannedInstall, 'at'> } {
  const name = `app-${number}`;
  const shared = random.some(sharedNames(), random.between(0, MAX_DEPENDENCIES));
  const needed = shared.some(needsBase) ? [...shared, BASE] : shared;
  return {
    template: {
      name,
      version: ROOT_VERSION,
      dependencies: shared.map((dependency) => ({ name: dependency, version: SHARED_RANGE })),
      files: payload(random, number),
    },
    install: {
      namespace: `chaos-${number}`,
      name,
      expected: { [name]: ROOT_VERSION, ...Object.fromEntries(needed.map((dependency) => [dependency, SHARED_RESULT])) },
    },
  };
}

function sharedTemplates(random: SeededRandom): TemplateFixture[] {
  return [BASE, ...sharedNames()].flatMap((name, at) =>
    SHARED_VERSIONS.map((version) => ({
      name,
      version,
      dependencies: needsBase(name) ? [{ name: BASE, version: SHARED_RANGE }] : [],
      files: payload(random, at),
    })),
  );
}

function sharedNames(): string[] {
  return Array.from({ length: SHARED_COUNT }, (_, at) => `shared-${at + 1}`);
}

function needsBase(name: string): boolean {
  return name.startsWith('shared-') && Number(name.slice('shared-'.length)) % 2 === 1;
}

function payload(random: SeededRandom, number: number): Record<string, string> {
  const { from, to } = number % LARGE_EVERY === 0 ? LARGE : SMALL;
  return { 'files/payload.txt': random.text(random.between(from, to)) };
}
