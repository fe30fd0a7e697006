import type { NeedsFact, StatedFact } from './facts.ts';

/** A dependency that the selection takes. */
export type SelectedEdge = StatedFact<NeedsFact>;

/**
 * Circles among the selected dependencies, at most one through each template and each the shortest from where it starts. `order`
 * names the selected templates from the root on; a circle starts at its first name in that order. None = an empty list.
 */
export function findCycles(edges: readonly SelectedEdge[], order: readonly string[]): SelectedEdge[][] {
  const remaining = templatesOnCircles(edges, order);
  if (remaining.size === 0) return [];
  const outgoing = new Map<string, SelectedEdge[]>();
  for (const edge of edges) appendTo(outgoing, edge.fact.by, edge);
  const cycles: SelectedEdge[][] = [];
  for (const start of order) {
    if (!remaining.has(start)) continue;
    const cycle = shortestCycle(start, outgoing, remaining);
    if (cycle === undefined) continue;
    cycles.push(cycle);
    for (const { fact } of cycle) remaining.delete(fact.by);
  }
  return cycles;
}

/** Peels off what nothing depends on, again and again; what is left lies on circles or below them. */
function templatesOnCircles(edges: readonly SelectedEdge[], order: readonly string[]): Set<string> {
  const remaining = new Set(order);
  const dependents = new Map<string, number>(order.map((name) => [name, 0]));
  const targets = new Map<string, string[]>();
  for (const { fact } of edges) {
    dependents.set(fact.target, (dependents.get(fact.target) ?? 0) + 1);
    appendTo(targets, fact.by, fact.target);
  }
  const free = order.filter((name) => dependents.get(name) === 0);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    remaining.delete(name);
    for (const target of targets.get(name) ?? []) {
      const left = (dependents.get(target) ?? 0) - 1;
      dependents.set(target, left);
      if (left === 0) free.push(target);
    }
  }
  return remaining;
}

function shortestCycle(
  start: string,
  outgoing: ReadonlyMap<string, SelectedEdge[]>,
  inside: ReadonlySet<string>,
): SelectedEdge[] | undefined {
  const reachedBy = new Map<string, SelectedEdge>();
  const queue = [start];
  for (const name of queue) {
    for (const edge of outgoing.get(name) ?? []) {
      const { target } = edge.fact;
      if (!inside.has(target) || reachedBy.has(target)) continue;
      reachedBy.set(target, edge);
      if (target === start) return walkBack(start, reachedBy);
      queue.push(target);
    }
  }
  return undefined;
}

function walkBack(start: string, reachedBy: ReadonlyMap<string, SelectedEdge>): SelectedEdge[] {
  const path: SelectedEdge[] = [];
  let edge = reachedBy.get(start);
  while (edge !== undefined) {
    path.unshift(edge);
    edge = edge.fact.by === start ? undefined : reachedBy.get(edge.fact.by);
  }
  return path;
}

/** In place: one template of a large catalog may need a thousand others. */
function appendTo<V>(lists: Map<string, V[]>, name: string, value: V): void {
  const known = lists.get(name);
  if (known === undefined) lists.set(name, [value]);
  else known.push(value);
}
