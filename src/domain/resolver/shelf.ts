import { exactVersion, type RangeOptions, type ReadVersion, VersionList } from '../versions.ts';
import { bitOf } from './bits.ts';

/** A version of a template; its place gives its bit in the template's variable. */
interface Placed {
  registry: string;
  version: string;
  read: ReadVersion | undefined;
  yanked: boolean;
}

interface Offered extends ReadVersion {
  bit: bigint;
}

/** What one registry offers of one template, as bits; the rules are those of fittingEntries. */
export class Shelf {
  readonly #candidates: readonly Placed[];
  readonly #registry: string;
  readonly #open: VersionList<Offered>;
  readonly #hasYanked: boolean;
  /** What was asked before: the dependents of a template share few ranges. */
  readonly #known = new Map<string, bigint>();

  constructor(candidates: readonly Placed[], registry: string) {
    this.#candidates = candidates;
    this.#registry = registry;
    const open: Offered[] = [];
    let hasYanked = false;
    candidates.forEach(({ registry: from, read, yanked }, index) => {
      if (from !== registry) return;
      hasYanked ||= yanked;
      if (!yanked && read !== undefined) open.push({ text: read.text, parsed: read.parsed, bit: bitOf(index) });
    });
    this.#open = new VersionList(open);
    this.#hasYanked = hasYanked;
  }

  /** What the range may choose; yanked ones only where it names one exactly. */
  fitting(range = 'latest', { prerelease = false }: RangeOptions = {}): bigint {
    const key = prerelease ? `pre-releases of ${range}` : range;
    const known = this.#known.get(key) ?? this.#fitting(range, { prerelease });
    this.#known.set(key, known);
    return known;
  }

  #fitting(range: string, options: RangeOptions): bigint {
    const exact = this.#hasYanked ? exactVersion(range) : undefined;
    const at = exact === undefined ? -1 : this.#placeOf(exact);
    if (this.#candidates[at]?.yanked) return bitOf(at);
    return this.#open.select(range, options).reduce((bits, { bit }) => bits | bit, 0n);
  }

  bit(version: string): bigint {
    const at = this.#placeOf(version);
    return at < 0 ? 0n : bitOf(at);
  }

  #placeOf(version: string): number {
    return this.#candidates.findIndex((placed) => placed.registry === this.#registry && placed.version === version);
  }
}
