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
  for (let done = 0; done < warmUp; done += 1) {
    await ours();
    await peer();
  }
  const pairs: Array<{ ours: number; peer: number }> = [];
  for (let done = 0; done < rounds; done += 1) {
    const first = await ours();
    pairs.push({ ours: first, peer: await peer() });
    const second = await peer();
    pairs.push({ ours: await ours(), peer: second });
  }
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    peer: median(pairs.map((pair) => pair.peer)),
    ratio: median(pairs.map((pair) => pair.ours / pair.peer)),
  };
}
