import type { NeedsFact, StatedFact } from './facts.ts';
import { LANES, type Lane } from './preference.ts';

/** Something to decide next: which candidate of a template, or whether an optional dependency is taken. */
export type TemplateItem = { name: string };
export type OptionItem = { option: number; fact: NeedsFact };
export type Item = TemplateItem | OptionItem;

/** How far each lane was decided and how much was planned in it, at some moment. */
export interface Mark {
  heads: readonly number[];
  tails: readonly number[];
}

/** What is to be decided, in its order, which can be put back to how it was. */
export class Agenda {
  readonly #lanes: Item[][] = LANES.map(() => []);
  readonly #laneOf: (name: string) => Lane;
  #heads: number[] = LANES.map(() => 0);

  constructor(laneOf: (name: string) => Lane) {
    this.#laneOf = laneOf;
  }

  plan(items: readonly Item[]): void {
    for (const item of items) this.#lanes[this.#laneFor(item)]?.push(item);
  }

  /** The first that is not decided yet; undefined where nothing is left. */
  next(isDecided: (name: string) => boolean): Item | undefined {
    for (const [lane, items] of this.#lanes.entries()) {
      for (let head = this.#heads[lane] ?? 0; head < items.length; head += 1) {
        const item = items[head];
        this.#heads[lane] = head;
        if (item !== undefined && ('option' in item || !isDecided(item.name))) return item;
      }
      this.#heads[lane] = items.length;
    }
    return undefined;
  }

  /** The item, which `next` has answered, is decided. */
  pass(item: Item): void {
    const lane = this.#laneFor(item);
    this.#heads[lane] = (this.#heads[lane] ?? 0) + 1;
  }

  mark(): Mark {
    return { heads: [...this.#heads], tails: this.#lanes.map((items) => items.length) };
  }

  reset({ heads, tails }: Mark): void {
    for (const [lane, items] of this.#lanes.entries()) items.length = tails[lane] ?? 0;
    this.#heads = [...heads];
  }

  #laneFor(item: Item): Lane {
    return this.#laneOf('name' in item ? item.name : item.fact.target);
  }
}

/** What a choice adds: whether its optional dependencies are taken, then the others. */
export function itemsOf(needs: ReadonlyArray<StatedFact<NeedsFact>>): Item[] {
  const options: Item[] = [];
  const names: Item[] = [];
  for (const { fact } of needs) {
    if (fact.option === undefined) names.push({ name: fact.target });
    else options.push({ option: fact.option, fact });
  }
  return [...options, ...names];
}
