import { readFileSync } from 'node:fs';
import type { RegistriesConfig, RegistryConfig } from './domain/registries-config.ts';
import { isContent } from './domain/registry-credentials.ts';

/** What the configuration of a registry changes about its connections; the type is the guarded client's. */
export interface Transport {
  ca?: string;
  httpHosts?: readonly string[];
}

/** The transports of all registries: those of the files for good, those that were added as they come and go. */
export class RegistryTransports {
  /** The files without the registries whose authorities cannot be read; those are problems. */
  readonly usable: RegistriesConfig;
  readonly #files = new Map<string, Transport>();
  #added = new Map<string, { revision: string; transport: Transport }>();

  constructor(config: RegistriesConfig) {
    const problems = [...config.problems];
    const registries = config.registries.filter((registry) => {
      try {
        this.#files.set(registry.name, transportOf(registry));
        return true;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        problems.push({
          registry: registry.name,
          message: `ca: ${isContent(registry.ca ?? '') ? '' : `${registry.ca}: `}${code ?? message}`,
        });
        return false;
      }
    });
    this.usable = { ...config, registries, problems };
  }

  of(registry: string): Transport {
    return this.#files.get(registry) ?? this.#added.get(registry)?.transport ?? {};
  }

  /** Takes these for all added ones, and gives the names of those whose connections are of no use any more. */
  use(added: ReadonlyArray<{ config: RegistryConfig; revision: string }>): string[] {
    const before = this.#added;
    this.#added = new Map(
      added.map(({ config, revision }) => [config.name, { revision, transport: transportOf(config) }] as const),
    );
    return [...before].filter(([name, { revision }]) => this.#added.get(name)?.revision !== revision).map(([name]) => name);
  }
}

/** Throws when the file of its authorities cannot be read, or holds none. */
export function transportOf({ ca: given, allowHttp, url }: RegistryConfig): Transport {
  const ca = given === undefined || isContent(given) ? given : readFileSync(given, 'utf8');
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no certificate in PEM form');
  return { ...(ca !== undefined && { ca }), ...(allowHttp && { httpHosts: [new URL(url).hostname] }) };
}
