import { ChandleryError } from '../../domain/errors.ts';
import type { GuardedClient, GuardedRequest, GuardedResponse } from '../http/guarded-client.ts';
import { Authorizer } from './authorizer.ts';
import type { OciCredentials } from './tokens.ts';

export interface SessionOptions {
  client: GuardedClient;
  /** Name of the registry in errors; picks its connections. */
  registry: string;
  /** `https://host[:port]` */
  origin: string;
  credentials?: OciCredentials | undefined;
  /** URL of the server that named this registry, where no person configured it: the rules of a redirect from there hold. */
  namedBy?: string | undefined;
}

export interface SessionRequest
  extends Pick<GuardedRequest, 'method' | 'headers' | 'accept' | 'maxBytes' | 'timeoutMs' | 'signal'> {
  /** Path and query below the origin, beginning with `/v2/`. */
  path: string;
  /** What is asked for, as a token scope: `repository:acme/app:pull`. */
  scope?: string;
}

/** Requests to one OCI registry, each answered after at most one challenge. */
export class OciSession {
  readonly #authorizer: Authorizer;

  constructor(readonly options: SessionOptions) {
    this.#authorizer = new Authorizer({ ...options, credentials: options.credentials });
  }

  /** Fails as the guarded client does; a 401 that cannot be answered is authentication. */
  async request({ path, scope, accept = [], ...request }: SessionRequest): Promise<GuardedResponse> {
    const { client, registry, origin, namedBy } = this.options;
    const from = namedBy === undefined ? {} : { namedBy };
    const url = new URL(path, origin);
    const send = async (credentials: GuardedRequest['credentials'], statuses: readonly number[]) =>
      client.request({ ...request, ...from, url, registry, credentials, accept: statuses });
    const first = await send(await this.#authorizer.credentialsFor(scope, request.signal), [...accept, 401]);
    if (first.status !== 401) return first;
    await first.discard();
    // Whoever a redirect led to may not ask for the registry's credential.
    if (new URL(first.url).origin !== origin)
      throw new ChandleryError('authentication', `${first.url} answered 401 after a redirect`, { registry });
    const credentials = await this.#authorizer.answer(first.headers['www-authenticate'], scope, request.signal, first.url);
    return send(credentials, accept);
  }

  /** The failure for an answer that is not what the protocol says. */
  invalid(message: string): ChandleryError {
    return new ChandleryError('registry_invalid', message, { registry: this.options.registry });
  }

  /** The failure for bytes that are not what their digest says. */
  mismatch(message: string): ChandleryError {
    return new ChandleryError('digest_mismatch', message, { registry: this.options.registry });
  }
}
