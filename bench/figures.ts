/** One measured figure and how it is printed: `name: value unit, peer value, ratio, goal ... PASS|FAIL`. Scripts read these lines. */

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What was measured beside it, in the same unit, and the median of the paired ratios. */
  peer?: { value: number; ratio: number };
  /** Upper bound: of the ratio where there is a peer, of the value otherwise. */
  goal: number;
}

function passes({ value, peer, goal }: Figure): boolean {
  return (peer?.ratio ?? value) <= goal;
}

export function formatFigure(figure: Figure): string {
  const { name, value, unit, peer, goal } = figure;
  const compared = peer ? `peer ${round(peer.value)} ${unit}, ratio ${peer.ratio.toFixed(2)}` : 'peer none, ratio none';
  const bound = peer ? String(goal) : `${goal} ${unit}`;
  return `${name}: ${round(value)} ${unit}, ${compared}, goal <= ${bound} ${passes(figure) ? 'PASS' : 'FAIL'}`;
}

/** Three digits that mean something. */
export function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Fails on an empty list: there is no middle of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the two nearest values. `at` from 0 to 1. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return low + (high - low) * (place - Math.floor(place));
}
