import type { ArchiveReader } from '../src/domain/archive.ts';
import type { Cluster } from '../src/domain/cluster.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { TransportFacts } from '../src/domain/health.ts';
import type { ImageSignatures } from '../src/domain/image-signatures.ts';
import type { PolicyBook } from '../src/domain/policy/book.ts';
import type { PolicyEngine } from '../src/domain/policy/engine.ts';
import type { RegistrySet } from '../src/domain/registry.ts';
import type { SecretParameter } from '../src/domain/rendered.ts';
import type { SignatureVerifier } from '../src/domain/signature.ts';
import type { SourceRegistries } from '../src/domain/sources/for-user.ts';
import type { Store } from '../src/domain/store.ts';
import type { ValidationSet } from '../src/domain/validation-set.ts';

export interface ActivityLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Makes up the value of a generated parameter: its keys in the values Secret. */
export interface SecretMaker {
  make(secret: SecretParameter, deployment: DeploymentKey): Promise<Record<string, string>>;
}

/** A moment in a step's life, at which a test may kill the worker. */
export type StepMoment = 'before' | 'between' | 'after';

/** Interfaces, not instances: the worker's composition root builds the real ones. */
export interface ActivityDeps {
  store: Store;
  registries: RegistrySet;
  /** What sources of namespaces offer; without it there is nothing to be had from them. */
  sources?: SourceRegistries;
  archive: ArchiveReader;
  /** Absent where no cluster is configured: then everything but deploying works. */
  cluster?: Cluster;
  secrets: SecretMaker;
  /** What the connections to registries have seen; nothing when left out. */
  transport?: TransportFacts;
  /** Who judges what is published; the built-in ones when left out. */
  validation?: ValidationSet;
  /** What signatures are worth; nobody looks for any when left out, and what must be signed is refused. */
  signatures?: SignatureVerifier;
  /** Signatures of images; where they are demanded and nobody looks for them, what names images is refused. */
  images?: ImageSignatures;
  /** What may be installed; only the built-in policy of each registry type when left out. */
  policies?: { book: PolicyBook; engine: Pick<PolicyEngine, 'evaluate'> };
  log: ActivityLog;
  /** Called at each moment of each step; absent in production. */
  onMoment?: (step: string, moment: StepMoment) => Promise<void>;
}
