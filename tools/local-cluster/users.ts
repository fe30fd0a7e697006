import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whoever has a token of a local cluster: the people of objects.yaml, and its own parts. */
export const CLUSTER_USERS = {
  /** May do everything. */
  admin: ['system:masters'],
  /** What Chandlery runs as: may act as somebody else, and nothing more. */
  chandlery: ['chandlery-servers'],
  /** May change what is in namespace `shop`. */
  dev: ['shop-devs'],
  /** May look at what is in namespace `shop`, except Secrets. */
  viewer: ['shop-viewers'],
  'system:kube-controller-manager': ['system:masters'],
  'system:kube-scheduler': ['system:masters'],
  'system:kwok': ['system:masters'],
} as const satisfies Record<string, readonly string[]>;
export type ClusterUser = keyof typeof CLUSTER_USERS;

export type Tokens = Readonly<Record<ClusterUser, string>>;

const TOKEN_BYTES = 24;

/** The file that `--token-auth-file` reads: `token,user,uid,"group,..."`. */
export function tokenFile(directory: string): string {
  return join(directory, 'tokens.csv');
}

function readTokens(file: string): Map<string, string> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return new Map(lines.map((line) => line.split(',')).map(([token = '', user = '']) => [user, token]));
}

/** The tokens of a cluster, made on its first start and kept: a kubeconfig stays good over `down` and `up`. */
export function ensureTokens(directory: string): Tokens {
  const file = tokenFile(directory);
  const known = readTokens(file);
  const users = Object.keys(CLUSTER_USERS) as ClusterUser[];
  const tokens = Object.fromEntries(
    users.map((user) => [user, known.get(user) ?? randomBytes(TOKEN_BYTES).toString('base64url')]),
  ) as Record<ClusterUser, string>;
  const lines = users.map((user) => `${tokens[user]},${user},${user},"${CLUSTER_USERS[user].join(',')}"\n`);
  writeFileSync(`${file}.tmp`, lines.join(''), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  return tokens;
}
