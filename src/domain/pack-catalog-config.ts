import type { RegistriesConfig } from './registries-config.ts';

/** Which pack catalog the helmdeck face shows, from the variables of the environment. */

/** The one taken where none is named; the reference's. */
const DEFAULT_MARKETPLACE = 'https://github.com/tosin2013/helmdeck-marketplace';
/** Name of the registry that a named catalog also is. */
const PACK_REGISTRY = 'helmdeck-default';

/** By variable. */
type MarketplaceValues = Partial<Record<`${'CHANDLERY' | 'HELMDECK'}_MARKETPLACE_${'URL' | 'DISABLE'}`, string | undefined>>;

/** Our names win over the reference's. Only `1` turns it off. */
export function marketplaceOf(values: MarketplaceValues): { source: string; disabled: boolean } {
  const disable = values.CHANDLERY_MARKETPLACE_DISABLE ?? values.HELMDECK_MARKETPLACE_DISABLE;
  return { source: namedCatalog(values) ?? DEFAULT_MARKETPLACE, disabled: disable === '1' };
}

/** A catalog that somebody named is searched and installed from like every registry; the one taken for want of a name is only shown. */
export function withPackCatalog(config: RegistriesConfig, values: MarketplaceValues): RegistriesConfig {
  const url = namedCatalog(values);
  const isTaken = config.registries.some(({ name }) => name === PACK_REGISTRY);
  if (url === undefined || marketplaceOf(values).disabled || isTaken) return config;
  const registry = { name: PACK_REGISTRY, kind: 'helmdeck', type: 'community', url } as const;
  return { ...config, registries: [...config.registries, registry] };
}

function namedCatalog(values: MarketplaceValues): string | undefined {
  return values.CHANDLERY_MARKETPLACE_URL ?? values.HELMDECK_MARKETPLACE_URL;
}
