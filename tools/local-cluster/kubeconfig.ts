import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';

export interface KubeconfigOptions {
  file: string;
  /** https://host:port */
  server: string;
  /** PEM. */
  ca: string;
  user: string;
  token: string;
  /** Whom the bearer of the token acts as. */
  as?: { user: string; groups: readonly string[] };
}

/** Writes a kubeconfig, readable for its owner only: it holds a token. */
export function writeKubeconfig({ file, server, ca, user, token, as }: KubeconfigOptions): void {
  const impersonation = as ? { as: as.user, 'as-groups': as.groups } : {};
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: user, user: { token, ...impersonation } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user } }],
    'current-context': 'local',
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
}
