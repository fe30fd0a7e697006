import { stat } from 'node:fs/promises';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import { readDockerCredentials } from '../oci/docker-config.ts';
import type { OciCredentials } from '../oci/tokens.ts';

/** The credential of one registry. A credential file is read again when it changes: cloud registries renew theirs every few hours. */
export class OciLogin {
  #read: { key: string; credentials: OciCredentials | undefined } = { key: '', credentials: undefined };

  constructor(readonly config: Pick<RegistryConfig, 'name' | 'credentials'>) {}

  /** `key` changes with the credential. Fails with config_invalid. */
  async credentials(host: string): Promise<{ key: string; credentials: OciCredentials | undefined }> {
    const { name, credentials } = this.config;
    if (credentials?.type === 'ssh_key')
      throw new ChandleryError('config_invalid', 'an SSH key proves nothing to an OCI registry', { registry: name });
    if (credentials?.type !== 'docker_config') return { key: 'fixed', credentials };
    const found = await stat(credentials.path).catch(() => undefined);
    const key = `${found?.mtimeMs ?? 'none'} ${found?.size ?? 0} ${found?.ino ?? 0}`;
    if (key !== this.#read.key) this.#read = { key, credentials: await readDockerCredentials(credentials.path, host) };
    return this.#read;
  }
}
