import { ChandleryError } from '../../domain/errors.ts';

/** Names of the OCI distribution specification 1.1, and where a registry's URL leads. */

export interface OciPlace {
  /** `https://host[:port]`; where requests go. */
  origin: string;
  /** As image references and credential files write it. */
  host: string;
  /** Path below which the repositories lie; no slash at either end, may be empty. */
  path: string;
}

const MAX_REPOSITORY_LENGTH = 255;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Docker Hub's registry does not answer under the name that people and references use. */
const DOCKER_HUB = {
  names: ['docker.io', 'index.docker.io', 'registry-1.docker.io'],
  host: 'docker.io',
  api: 'registry-1.docker.io',
};

export function isRepository(text: string): boolean {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Reads `oci://host[:port]/path`, or the same with https or http. Fails with config_invalid. */
export function parseOciUrl(text: string): OciPlace {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const path = (url?.pathname ?? '').replace(/^\/+|\/+$/g, '');
  if (!url?.host || !['oci:', 'https:', 'http:'].includes(url.protocol) || (path !== '' && !isRepository(path))) {
    throw new ChandleryError(
      'config_invalid',
      `url: ${JSON.stringify(text.slice(0, 200))} is not an OCI registry; write it like oci://ghcr.io/acme/charts, in lower case`,
    );
  }
  const written = url.host.toLowerCase();
  const isHub = DOCKER_HUB.names.includes(written);
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  return { origin: `${scheme}://${isHub ? DOCKER_HUB.api : written}`, host: isHub ? DOCKER_HUB.host : written, path };
}
