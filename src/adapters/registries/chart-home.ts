import type { RegistryConfig } from '../../domain/registries-config.ts';
import { type OciPlace, parseOciUrl } from '../oci/names.ts';
import { repositoriesBelow, templateNameOf } from './oci-repositories.ts';

/** Where a chart says its dependencies are, as a registry that somebody configured. */

/**
 * The first of the configured registries that serves the chart of a repository, by the very URL: what a chart names is only compared,
 * never called. Undefined where none does, and for what is no address of a repository (`file://../common`, `@alias`).
 */
export function registryOfChart(configured: readonly RegistryConfig[], repository: string, chart: string): string | undefined {
  const wanted = URL.canParse(repository) ? new URL(repository) : undefined;
  if (!wanted || wanted.username || wanted.password || wanted.search || wanted.hash) return undefined;
  if (wanted.protocol === 'oci:') return ociRegistryOf(configured, repository, chart);
  if (wanted.protocol !== 'https:' && wanted.protocol !== 'http:') return undefined;
  const url = withoutSlash(wanted.href);
  return configured.find((one) => one.kind === 'helm' && URL.canParse(one.url) && withoutSlash(new URL(one.url).href) === url)
    ?.name;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function ociRegistryOf(configured: readonly RegistryConfig[], repository: string, chart: string): string | undefined {
  const wanted = placeOf(repository);
  if (wanted === undefined) return undefined;
  return configured.find((one) => {
    const place = one.kind === 'oci' ? placeOf(one.url) : undefined;
    return place?.host === wanted.host && holds(place, one.repositories, wanted.path, chart);
  })?.name;
}

/** A registry knows a chart by its last name alone, so the one that is meant must be the only one of that name. */
function holds(place: OciPlace, named: readonly string[] | undefined, path: string, chart: string): boolean {
  if (named === undefined) return place.path === path;
  const namesakes = repositoriesBelow(place, named).filter((one) => templateNameOf(one) === chart);
  return namesakes.length === 1 && namesakes[0] === repositoriesBelow({ path }, [chart])[0];
}

/** Undefined for what is not the URL of an OCI registry; one that is configured says so itself when it is asked. */
function placeOf(url: string): OciPlace | undefined {
  try {
    return parseOciUrl(url);
  } catch {
    return undefined;
  }
}
