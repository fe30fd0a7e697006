import type { ErrorDetails } from './errors.ts';
import { ChandleryError, isErrorCode } from './errors.ts';
import type { RegistryPlugin } from './registry.ts';

/** What a registry has that takes templates in besides listing them: another Chandlery. */

export interface ArchiveToSend {
  name: string;
  version: string;
  /** `sha256:<hex>` */
  digest: string;
  /** bytes */
  size: number;
  body: AsyncIterable<Uint8Array>;
  /** The text of a Sigstore bundle. */
  signature?: string;
}

/** An operation of the other server, as far as whoever publishes there has to know it. */
export interface RemoteOperation {
  id: string;
  /** Absent while it is under way. */
  ended?: 'succeeded' | 'failed' | 'cancelled';
  step?: string;
  failure?: Refusal;
  verdict?: RemoteVerdict;
  warnings: string[];
}

/** How the other server judged what it took in. */
export interface RemoteVerdict {
  status: string;
  reasons: string[];
}

/** Why the other server did not take it, in its words. */
export interface Refusal {
  code: string;
  message: string;
  step?: string;
  details: ErrorDetails;
  /** HTTP status, of a request that was refused. */
  status?: number;
}

/** Every method fails with a ChandleryError: a refusal with the code of `refusalOf`, all else as the methods of RegistryPlugin. No retries inside. */
export interface TemplateReceiver {
  /** Whether the credential may follow what it is going to start: asked before anything is sent. */
  prepare(name: string, signal?: AbortSignal): Promise<void>;
  /** Starts the publishing of an archive there, or joins an equal one that runs. */
  send(archive: ArchiveToSend, signal?: AbortSignal): Promise<{ operation: string; joined: boolean }>;
  /** Undefined when nothing is known of the operation there, not even that it ended. */
  follow(operation: string, signal?: AbortSignal): Promise<RemoteOperation | undefined>;
  /** The operation that is publishing exactly these bytes there now. */
  find(archive: Pick<ArchiveToSend, 'name' | 'version' | 'digest'>, signal?: AbortSignal): Promise<string | undefined>;
  /** Asks the operation to stop; one that has ended is left as it is. */
  cancel(operation: string, signal?: AbortSignal): Promise<void>;
}

/** Whether templates can be published there from here: what is official is curated by its owners, whatever it speaks. */
export function receiverOf({ type, receiver }: Pick<RegistryPlugin, 'type' | 'receiver'>): TemplateReceiver | undefined {
  return type === 'official' ? undefined : receiver;
}

/** Why they cannot. */
export function readOnlyRegistry({ name, type, kind }: Pick<RegistryPlugin, 'name' | 'type' | 'kind'>): ChandleryError {
  const other = `is of kind ${kind} and takes nothing in`;
  const why = type === 'official' ? 'is an official registry, which is curated by its owners' : other;
  return new ChandleryError('registry_read_only', `${name} ${why}: nothing can be published there from here`, { registry: name });
}

/** Codes that speak of the credential that this server has there. */
const CREDENTIAL = { unauthenticated: 'authentication', forbidden: 'authorization' } as const;
/** Codes that, taken over, would speak of parts of this server. */
const OWN_TROUBLE: ReadonlySet<string> = new Set([
  ...['store_unavailable', 'engine_unavailable', 'cluster_unavailable', 'worker_lost', 'internal'],
]);
/** Characters of what a refusal says besides its message, as JSON: the largest report fits, and so does the failure of an operation. */
const MAX_DETAILS_LENGTH = 512 * 1024;

/** The refusal as an error of ours: the code as it is, unless it would mean something else here. */
export function refusalOf(registry: string, { code, message, step, details, status }: Refusal): ChandleryError {
  const at = step === undefined ? registry : `${registry}, at its step ${step}`;
  // An operation there is none that could be looked at here.
  const { operation: _there, ...said } = details;
  const more = {
    ...(JSON.stringify(said).length <= MAX_DETAILS_LENGTH && said),
    registry,
    ...(status !== undefined && { upstreamStatus: status }),
  };
  if (code === 'unauthenticated' || code === 'forbidden') return new ChandleryError(CREDENTIAL[code], `${at}: ${message}`, more);
  if (OWN_TROUBLE.has(code)) return new ChandleryError('registry_unavailable', `${at}: ${code}: ${message}`, more);
  if (isErrorCode(code)) return new ChandleryError(code, `${at}: ${message}`, more);
  return new ChandleryError('registry_invalid', `${at}: ${code}: ${message}`, more);
}
