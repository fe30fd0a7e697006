import { median } from './figures.ts';

/** Does the work once and answers what is to be compared, milliseconds. */
type Measured = () => Promise<number>;

export interface PairOptions {
  ours: Measured;
  peer: Measured;
  /** Rounds of four: ours, peer, peer, ours. */
  rounds: number;
  /** Pairs done before and thrown away: compilers and caches get warm. */
  warmUp: number;
}

export interface Paired {
  /** median, milliseconds */
  ours: number;
  /** median, milliseconds */
  peer: number;
  /** Median of the ratios of neighbours: what slows the machine for a while slows both. */
  ratio: number;
}

/** Measures two things in turn (ABBA), so that a drift of the machine favours neither. */
export async function measurePairs({ ours, peer, rounds, warmUp }: PairOptions): Promise<Paired> {
  const measured = await measureInTurn({ ours, peer }, { rounds, warmUp });
  return comparePairs(measured.ours, measured.peer);
}

type Things = Readonly<Record<string, () => Promise<unknown>>>;
type Given<T extends Things> = { [Name in keyof T]: Array<Awaited<ReturnType<T[Name]>>> };

/** The same for any number of things: there and back in each round (ABC, CBA). Answers what each gave, in the order of the rounds. */
export async function measureInTurn<T extends Things>(
  things: T,
  { rounds, warmUp }: Pick<PairOptions, 'rounds' | 'warmUp'>,
): Promise<Given<T>> {
  const there = Object.entries(things).map(([name, once]) => ({ once, given: [] as unknown[], name }));
  for (let done = 0; done < warmUp; done += 1) for (const { once } of there) await once();
  for (let done = 0; done < rounds; done += 1)
    for (const { once, given } of [...there, ...there.toReversed()]) given.push(await once());
  return Object.fromEntries(there.map(({ name, given }) => [name, given])) as Given<T>;
}

/** Of two lists as `measureInTurn` answers them, milliseconds. */
export function comparePairs(ours: readonly number[], peer: readonly number[]): Paired {
  const ratios = ours.map((value, at) => value / (peer[at] ?? Number.NaN));
  return { ours: median(ours), peer: median(peer), ratio: median(ratios) };
}
