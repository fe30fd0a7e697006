import { randomInt } from 'node:crypto';
import type { DeploymentKey } from '../../domain/deployment-store.ts';
import type { SecretParameter } from '../../domain/rendered.ts';

/** Characters of a generated password: letters and digits need no quoting in a URL, a shell or a configuration file. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 24 of 62 characters are 142 bits. */
const PASSWORD_LENGTH = 24;

/** Makes up passwords and self-signed certificates. Whoever calls it stores the result at once, and once. */
export function createSecretMaker() {
  return {
    async make(secret: SecretParameter, deployment: DeploymentKey): Promise<Record<string, string>> {
      if (secret.generated !== 'certificate') return { [secret.name]: password(secret) };
      // Loaded when first needed: its library takes a tenth of a second, and most deployments want none.
      const { makeCertificate } = await import('./certificate.ts');
      const { certificate, key } = await makeCertificate(deployment);
      return { [`${secret.name}.crt`]: certificate, [`${secret.name}.key`]: key };
    },
  };
}

function password({ minLength = 0, maxLength = Number.POSITIVE_INFINITY }: SecretParameter): string {
  const length = Math.min(Math.max(PASSWORD_LENGTH, minLength), maxLength);
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
