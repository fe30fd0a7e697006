import { z } from 'zod';
import { ChandleryError } from '../errors.ts';
import type { RegistryType } from '../registry.ts';
import { checkIdentity, type RequiredIdentity } from '../signature.ts';
import type { Severity } from '../validation.ts';
import { registryTypeSchema } from './selector.ts';
import { durationSchema } from './words.ts';

/** What one registry must offer before anything of it is installed (DESIGN section 9: policy per registry type and per registry). */

export interface RegistryPolicy {
  /** False: nothing is installed from there. */
  allow: boolean;
  /** `hash`: the sealed hash fits, or better. `signature`: a verified signature. */
  require: 'signature' | 'hash' | 'none';
  /** Who may sign by a certificate, and the names of the configured keys that may. With neither, no signature is called verified. */
  identities: readonly RequiredIdentity[];
  keys: readonly string[];
  /** Who must have signed each image that a template names, by digest. */
  images: 'any' | { identities: readonly RequiredIdentity[]; keys: readonly string[] };
  /** A signer that changed from one version to the next is refused. */
  keepSigner: boolean;
  /** Of the measured points, 0..100; 0 = any. */
  minimumScore: number;
  /** The worst that is let in. */
  maximumSeverity: Severity | 'none';
  /** A version must be known to the world this long, ms. */
  minimumReleaseAgeMs: number;
  /** An installed version is not replaced by an older one. */
  refuseDowngrade: boolean;
  /** What nobody signed or sealed is installed only when the person says so. */
  confirmUnsigned: boolean;
  /** A registry that takes back what it said (versions, digests, its own date) is refused. */
  protectIndex: boolean;
  /** An index older than this counts as frozen, ms; 0 = any age. Only where the registry dates its index. */
  maximumIndexAgeMs: number;
}

/** Anything short of critical, from anyone, dated or not: what the reference's registries need to work as they stand. */
const OPEN: Readonly<RegistryPolicy> = Object.freeze({
  allow: true,
  require: 'none',
  identities: [],
  keys: [],
  images: 'any',
  keepSigner: true,
  minimumScore: 0,
  maximumSeverity: 'high',
  minimumReleaseAgeMs: 0,
  refuseDowngrade: false,
  confirmUnsigned: false,
  protectIndex: true,
  maximumIndexAgeMs: 0,
});

/** Before any file says something else. */
export const DEFAULT_REGISTRY_POLICIES: Readonly<Record<RegistryType, RegistryPolicy>> = Object.freeze({
  official: OPEN,
  community: OPEN,
  institutional: OPEN,
  private: OPEN,
});

const MAX_NAMES = 200;
const MAX_IDENTITIES = 50;
const MAX_IDENTITY_LENGTH = 500;

const text = z.string().min(1).max(MAX_IDENTITY_LENGTH);
const identitySchema = z.strictObject({ identity: text, issuer: text }).superRefine((identity, context) => {
  try {
    checkIdentity(identity, 'identities');
  } catch (error) {
    if (!(error instanceof ChandleryError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const identitiesSchema = z.array(identitySchema).max(MAX_IDENTITIES);
const keysSchema = z.array(z.string().min(1).max(253)).max(MAX_IDENTITIES);
const IMAGES_WORDS = 'must be `any`, or say in identities or keys who must have signed them';
const imagesSchema = z
  .strictObject({ identities: identitiesSchema.default([]), keys: keysSchema.default([]) })
  .refine(({ identities, keys }) => identities.length + keys.length > 0, IMAGES_WORDS);

/** `spec` of a `RegistryPolicy`: which registries, and only what differs. */
export const registryPolicySchema = z
  .strictObject({
    types: z.array(registryTypeSchema).min(1).max(4).optional(),
    registries: z.array(z.string().min(1).max(63)).min(1).max(MAX_NAMES).optional(),
    allow: z.boolean().optional(),
    require: z.enum(['signature', 'hash', 'none']).optional(),
    identities: identitiesSchema.optional(),
    keys: keysSchema.optional(),
    images: z.union([z.literal('any'), imagesSchema], { error: IMAGES_WORDS }).optional(),
    keepSigner: z.boolean().optional(),
    minimumScore: z.number().min(0).max(100).optional(),
    maximumSeverity: z.enum(['critical', 'high', 'medium', 'low', 'info', 'none']).optional(),
    minimumReleaseAge: durationSchema.optional(),
    refuseDowngrade: z.boolean().optional(),
    confirmUnsigned: z.boolean().optional(),
    protectIndex: z.boolean().optional(),
    maximumIndexAge: durationSchema.optional(),
  })
  .refine(
    ({ types, registries }) => (types === undefined) !== (registries === undefined),
    'must name either types or registries',
  );

export type RegistryPolicyEntry = z.output<typeof registryPolicySchema>;

/** The defaults of the type, then what files say of the type, then what they say of the registry. */
export function policyFor(
  registry: { name: string; type: RegistryType },
  entries: readonly RegistryPolicyEntry[],
): RegistryPolicy {
  const ofType = entries.filter(({ types }) => types?.includes(registry.type));
  const ofRegistry = entries.filter(({ registries }) => registries?.includes(registry.name));
  return [...ofType, ...ofRegistry].reduce(merge, DEFAULT_REGISTRY_POLICIES[registry.type]);
}

function merge(policy: RegistryPolicy, entry: RegistryPolicyEntry): RegistryPolicy {
  const { types: _types, registries: _registries, minimumReleaseAge, maximumIndexAge, ...plain } = entry;
  const said = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  return {
    ...policy,
    ...(said as Partial<RegistryPolicy>),
    ...(minimumReleaseAge !== undefined && { minimumReleaseAgeMs: minimumReleaseAge }),
    ...(maximumIndexAge !== undefined && { maximumIndexAgeMs: maximumIndexAge }),
  };
}

/** What one registry (or type) is said twice in two places would be decided by their order, which nobody sees. */
export function saidTwice(entries: readonly RegistryPolicyEntry[]): string | undefined {
  const said = entries.flatMap(({ types = [], registries = [] }) => [
    ...types.map((type) => `type ${type}`),
    ...registries.map((registry) => `registry ${registry}`),
  ]);
  return said.find((name, at) => said.indexOf(name) < at);
}
