import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { RegistryKind, RegistryType } from './registry.ts';
import {
  buildCredentials,
  credentialsSchema,
  type Environment,
  isContent,
  type RegistryCredentials,
} from './registry-credentials.ts';

export type { Environment, RegistryCredentials } from './registry-credentials.ts';

/** One entry of `registries.yaml`: what may be written, and the rules of its kind. */

export interface RegistryConfig {
  name: string;
  kind: RegistryKind;
  type: RegistryType;
  /** Without password, query, fragment and last slash. Schemes by kind, see KINDS; `git@host:path` is written as ssh://. Empty for a plugin without one. */
  url: string;
  credentials?: RegistryCredentials;
  /** Certificate authorities this registry may have besides the system's: the path of a PEM file, or the text itself. */
  ca?: string;
  /** Lets this registry's own host be called over plain http. */
  allowHttp?: boolean;
  /** oci: repositories below the URL, where the registry has no list of its own. */
  repositories?: string[];
  /** git: branch, tag or commit; absent = the default branch. */
  ref?: string;
  /** git: folder of the templates in the repository; absent = its root. */
  path?: string;
  /** plugin: path of the module. */
  module?: string;
}

interface KindRules {
  protocols: readonly string[];
  credentials: ReadonlyArray<RegistryCredentials['type']>;
  /** Members that only this kind has a use for. */
  members?: ReadonlyArray<'repositories' | 'ref' | 'path' | 'module'>;
  urlOptional?: boolean;
}

const HTTP = ['https:', 'http:'] as const;
const HTTP_CREDENTIALS = ['token', 'basic'] as const;

const KINDS: Readonly<Record<RegistryKind, KindRules>> = {
  chandlery: { protocols: [...HTTP, 'file:'], credentials: HTTP_CREDENTIALS },
  helm: { protocols: HTTP, credentials: HTTP_CREDENTIALS },
  oci: { protocols: ['oci:', ...HTTP], credentials: [...HTTP_CREDENTIALS, 'docker_config'], members: ['repositories'] },
  helmdeck: { protocols: [...HTTP, 'file:'], credentials: HTTP_CREDENTIALS },
  ark: { protocols: HTTP, credentials: HTTP_CREDENTIALS },
  git: { protocols: [...HTTP, 'ssh:', 'file:'], credentials: [...HTTP_CREDENTIALS, 'ssh_key'], members: ['ref', 'path'] },
  plugin: { protocols: [...HTTP, 'file:'], credentials: HTTP_CREDENTIALS, members: ['module'], urlOptional: true },
};

/** Every kind there is, in the order people are told them. */
export const REGISTRY_KINDS = Object.keys(KINDS) as readonly RegistryKind[];
const ONLY_MEMBERS = ['repositories', 'ref', 'path', 'module'] as const;
/** Repositories named by hand; a registry with more has a list. */
const MAX_REPOSITORIES = 1_000;
/** Characters of `ca`: a bundle of a company's authorities is a few kilobytes. */
const MAX_CA_LENGTH = 128 * 1024;
/** The members of an entry, each by itself. */
export const registryEntryShape = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'use lower-case letters, digits and inner hyphens'),
  type: z.enum(['official', 'community', 'institutional', 'private']),
  url: z.string().max(2048).optional(),
  kind: z.string().max(63).default('chandlery'),
  default: z.boolean().default(false),
  credentials: credentialsSchema.optional(),
  ca: z.string().min(1).max(MAX_CA_LENGTH).optional(),
  allowHttp: z.boolean().default(false),
  repositories: z.array(z.string().min(1).max(255)).max(MAX_REPOSITORIES).optional(),
  ref: z
    .string()
    .max(255)
    // What begins with a hyphen would be an option to git.
    .regex(/^[\w][\w./@+-]*$/, 'is no branch, tag or commit')
    .optional(),
  path: z
    .string()
    .max(1024)
    .refine((text) => !isAbsolute(text) && !text.split(/[\\/]/).includes('..'), 'must be a folder inside the repository')
    .optional(),
  module: z.string().min(1).max(4096).optional(),
});
/** An entry as it is written. */
export const registryEntrySchema = registryEntryShape.superRefine((entry, context) => {
  if (entry.url === undefined && entry.kind !== 'plugin')
    context.addIssue({ code: 'custom', path: ['url'], message: 'is missing' });
});
export type RegistryEntry = z.infer<typeof registryEntrySchema>;

/** The usable registry, or in words why it is not. Paths are taken from the folder of `file`. */
export function buildRegistryConfig(entry: RegistryEntry, file: string, env: Environment): RegistryConfig | string {
  const { name, type } = entry;
  const kind = REGISTRY_KINDS.find((candidate) => candidate === entry.kind);
  if (!kind) return `kind "${entry.kind}" is not supported; supported: ${REGISTRY_KINDS.join(', ')}`;
  const rules = KINDS[kind];
  const stray = ONLY_MEMBERS.find((member) => entry[member] !== undefined && !rules.members?.includes(member));
  if (stray) return `${stray}: has no meaning for kind ${kind}`;
  if (kind === 'plugin' && entry.module === undefined) return 'module: missing; kind plugin needs it';
  const url = checkUrl(entry.url, kind, rules);
  if (typeof url === 'object' && 'problem' in url) return url.problem;
  const inFolder = (path: string) => resolve(dirname(file), withHome(path, env));
  const given = entry.credentials;
  if (given && !rules.credentials.includes(given.type))
    return `credentials: type ${given.type} has no meaning for kind ${kind}; use ${rules.credentials.join(' or ')}`;
  const credentials = given && buildCredentials(given, inFolder, env);
  if (typeof credentials === 'string') return credentials;
  if (credentials && url.protocol === 'file:') return 'a file:// registry takes no credentials';
  if (credentials?.type === 'ssh_key' && url.protocol !== 'ssh:') return 'credentials: ssh_key needs an ssh:// URL';
  return {
    name,
    kind,
    type,
    url: url.href,
    ...(credentials && { credentials }),
    ...(entry.ca !== undefined && { ca: isContent(entry.ca) ? entry.ca : inFolder(entry.ca) }),
    ...(entry.allowHttp && { allowHttp: true }),
    ...(entry.repositories && { repositories: entry.repositories }),
    ...(entry.ref !== undefined && { ref: entry.ref }),
    ...(entry.path !== undefined && { path: entry.path }),
    ...(entry.module !== undefined && { module: inFolder(entry.module) }),
  };
}

type CheckedUrl = { href: string; protocol: string } | { problem: string; protocol?: never };

function checkUrl(text: string | undefined, kind: RegistryKind, rules: KindRules): CheckedUrl {
  if (text === undefined || text === '') return rules.urlOptional ? { href: '', protocol: '' } : { problem: 'url: missing' };
  const written = kind === 'git' ? fromScpForm(text) : text;
  // The parser would leave them out without a word, and another host would be called than the one that was read.
  if (/\p{Cc}/u.test(written)) return { problem: 'url: holds a line break or another control character' };
  if (!URL.canParse(written)) return { problem: 'url: not a URL' };
  const url = new URL(written);
  if (!rules.protocols.includes(url.protocol)) {
    const schemes = rules.protocols.map((protocol) => protocol.slice(0, -1)).join(', ');
    return { problem: `url: ${url.protocol}// is not supported by kind ${kind}; use ${schemes}` };
  }
  // The user of an ssh URL is part of the address; it proves nothing.
  if (url.password || (url.username && url.protocol !== 'ssh:'))
    return { problem: 'url: holds a user name or password; put them into `credentials`' };
  if (url.search || url.hash) return { problem: 'url: a query or fragment has no meaning here' };
  if (url.protocol === 'file:' && url.host)
    return { problem: 'url: a file:// URL names a folder of this machine, as in file:///srv/templates' };
  return { href: url.href.replace(/\/+$/, ''), protocol: url.protocol };
}

/** `git@host:path`, as git hosts show it, is ssh://git@host/path. */
function fromScpForm(text: string): string {
  const [, user, host, path] = /^([\w.-]+)@([\w.-]+):(?!\/\/)(.+)$/.exec(text) ?? [];
  return path === undefined ? text : `ssh://${user}@${host}/${path.replace(/^\/+/, '')}`;
}

function withHome(path: string, env: Environment): string {
  return path.startsWith('~/') ? `${env.HOME ?? '~'}${path.slice(1)}` : path;
}
