/** The name under which a namespace's source is a registry: `source:<namespace>/<source>`. No configured registry can be called so. */

const PREFIX = 'source:';

export function isSourceRegistry(registry: string): boolean {
  return registry.startsWith(PREFIX);
}

export function sourceRegistryName(namespace: string, source: string): string {
  return `${PREFIX}${namespace}/${source}`;
}

/** The inverse; parts that are missing are empty. */
export function splitSourceRegistry(registry: string): { namespace: string; source: string } {
  const [namespace = '', ...rest] = registry.slice(PREFIX.length).split('/');
  return { namespace, source: rest.join('/') };
}
