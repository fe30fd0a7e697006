import { z } from 'zod';

/** The credential of a registry as it is written, and as it is used. */

export type RegistryCredentials =
  | { type: 'token'; token: string }
  | { type: 'basic'; username: string; password: string }
  /** The private key itself (it begins with `-----BEGIN`) or the path of its file; the same for the known hosts. */
  | { type: 'ssh_key'; ssh_key: string; known_hosts?: string }
  /** Path of a Docker config.json. */
  | { type: 'docker_config'; path: string };

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_DOCKER_CONFIG = '~/.docker/config.json';

/** As it is written; `${NAME}` is not expanded yet. */
export const credentialsSchema = z.strictObject({
  type: z.enum(['token', 'basic', 'ssh_key', 'docker_config']),
  token: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  ssh_key: z.string().optional(),
  known_hosts: z.string().optional(),
  docker_config: z.string().optional(),
});

export type CredentialsInput = z.infer<typeof credentialsSchema>;

/** The usable credential, or in words why it is none. `pathOf` says where a file that is named lies. */
export function buildCredentials(
  input: CredentialsInput,
  pathOf: (path: string) => string,
  env: Environment,
): RegistryCredentials | string {
  const expanded = expandAll(input, env);
  if (typeof expanded === 'string') return expanded;
  const lacking = NEEDED[input.type].find((field) => !expanded[field]);
  if (lacking) return `credentials.${lacking}: missing; type ${input.type} needs it`;
  const { token = '', username = '', password = '', ssh_key = '', known_hosts, docker_config } = expanded;
  const keyOrPath = (text: string) => (isContent(text) ? text : pathOf(text));
  if (input.type === 'token') return { type: 'token', token };
  if (input.type === 'basic') return { type: 'basic', username, password };
  if (input.type === 'docker_config') return { type: 'docker_config', path: pathOf(docker_config || DEFAULT_DOCKER_CONFIG) };
  const hosts = known_hosts ? { known_hosts: keyOrPath(known_hosts) } : {};
  return { type: 'ssh_key', ssh_key: keyOrPath(ssh_key), ...hosts };
}

/** Whether it is the text itself that a file would hold, rather than the path of one. */
export function isContent(text: string): boolean {
  return text.includes('\n') || text.startsWith('-----BEGIN');
}

type Fields = Partial<Record<Exclude<keyof CredentialsInput, 'type'>, string>>;

const NEEDED: Readonly<Record<RegistryCredentials['type'], ReadonlyArray<keyof Fields>>> = {
  token: ['token'],
  basic: ['username', 'password'],
  ssh_key: ['ssh_key'],
  docker_config: [],
};

function expandAll({ type: _type, ...fields }: CredentialsInput, env: Environment): Fields | string {
  const values: Record<string, string> = {};
  for (const [field, text] of Object.entries(fields)) {
    if (text === undefined) continue;
    const { value, missing } = expand(text, env);
    if (missing !== undefined) return `credentials.${field}: the environment variable ${missing} is not set`;
    values[field] = value;
  }
  return values;
}

/** `${NAME}`, which a file may say instead of a value. */
export const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/** An empty variable counts as missing: an empty credential would be sent as none. */
function expand(text: string, env: Environment): { value: string; missing?: string } {
  let missing: string | undefined;
  const value = text.replace(new RegExp(VARIABLE, 'g'), (_, name: string) => {
    const found = env[name];
    if (!found) missing ??= name;
    return found ?? '';
  });
  return missing === undefined ? { value } : { value, missing };
}
