import { ChandleryError } from '../../domain/errors.ts';
import { displayUrl, type FailureContext, protocolFailure } from './failures.ts';

export const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One request of an exchange. */
export interface Hop {
  url: URL;
  /** Value of the Authorization header; dropped on the way to another origin and never taken up again. */
  authorization: string | undefined;
  /** Some earlier hop was a public server: from here on only public addresses may be reached. */
  fromPublic: boolean;
}

/** The hop a redirect asks for. Fails with registry_invalid without a usable Location, outbound_denied when it leaves https. */
export function nextHop(hop: Hop, location: string | undefined, wasPublic: boolean, context: FailureContext): Hop {
  const url = location !== undefined && URL.canParse(location, hop.url.href) ? new URL(location, hop.url) : undefined;
  if (!url) throw protocolFailure('a redirect without a usable Location', context);
  url.username = '';
  url.password = '';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && hop.url.protocol === 'http:')) {
    const registry = context.registry === undefined ? {} : { registry: context.registry };
    throw new ChandleryError(
      'outbound_denied',
      `${context.url} redirects to ${displayUrl(url)}: only https may follow`,
      registry,
    );
  }
  const authorization = url.origin === hop.url.origin ? hop.authorization : undefined;
  return { url, authorization, fromPublic: hop.fromPublic || wasPublic };
}
