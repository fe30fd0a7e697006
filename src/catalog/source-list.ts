import type { RegistryProblem } from '../domain/registries-config.ts';
import type { CatalogRegistry, Source } from './sources.ts';

/** Which registries the catalog has. They change while it is used: whoever reads the list twice may see two. */
export class SourceList {
  #all: readonly Source[] = [];
  #byName = new Map<string, Source>();
  #problems: readonly RegistryProblem[] = [];

  constructor(readonly make: (registry: CatalogRegistry) => Source) {}

  get all(): readonly Source[] {
    return this.#all;
  }

  get problems(): readonly RegistryProblem[] {
    return this.#problems;
  }

  find(name: string): Source | undefined {
    return this.#byName.get(name);
  }

  /**
   * Takes these for all there are. A registry that is the same keeps its breaker, its figures and what runs. Answers those that came,
   * and those whose listing nobody reads here any more.
   */
  use(registries: readonly CatalogRegistry[], problems: readonly RegistryProblem[]): { came: Source[]; gone: Source[] } {
    const before = this.#all;
    this.#all = registries.map((registry) => {
      const known = this.#byName.get(registry.plugin.name);
      const isSame = known?.plugin === registry.plugin && known.scope === registry.scope;
      return known && isSame ? Object.assign(known, registry) : this.make(registry);
    });
    this.#byName = new Map(this.#all.map((source) => [source.name, source]));
    this.#problems = problems;
    return {
      came: this.#all.filter((source) => !before.includes(source)),
      gone: before.filter(({ name, scope }) => this.#byName.get(name)?.scope !== scope),
    };
  }
}
