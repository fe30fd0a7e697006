/** Names considered and returned are short; longer ones are compared by their first characters, which bounds the work per pair. */
const MAX_COMPARED_LENGTH = 127;
/** A name this long or longer is also similar to names that contain it (`redis`, `redis-ha`). */
const MIN_CONTAINED_LENGTH = 3;
/** Suggestions shown to a person who mistyped. */
const DEFAULT_SUGGESTIONS = 3;

/**
 * The known names nearest to one that was not found, nearest first, ties by name. Near is: at most a third of the letters wrong
 * (a swap of neighbours counts as one), or one name contained in the other.
 */
export function similarNames(name: string, known: Iterable<string>, limit: number = DEFAULT_SUGGESTIONS): string[] {
  const wanted = name.toLowerCase().slice(0, MAX_COMPARED_LENGTH);
  const scored: Array<{ name: string; score: number }> = [];
  for (const candidate of new Set(known)) {
    const score = candidate === name ? undefined : distanceScore(wanted, candidate.toLowerCase().slice(0, MAX_COMPARED_LENGTH));
    if (score !== undefined) scored.push({ name: candidate, score });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

function distanceScore(wanted: string, candidate: string): number | undefined {
  const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
  const shorter = Math.min(wanted.length, candidate.length);
  const contained = shorter >= MIN_CONTAINED_LENGTH && (candidate.includes(wanted) || wanted.includes(candidate));
  if (!contained && Math.abs(wanted.length - candidate.length) > allowed) return undefined;
  const distance = editDistance(wanted, candidate);
  if (distance <= allowed) return distance;
  // A contained name ranks after every typo, the shorter addition first.
  return contained ? MAX_COMPARED_LENGTH + distance : undefined;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, three rows of memory. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = at(previous, column - 1) + Number(a[row - 1] !== b[column - 1]);
      let best = Math.min(substitution, at(previous, column) + 1, at(current, column - 1) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, at(beforePrevious, column - 2) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
