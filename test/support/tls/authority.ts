import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** The library's own word for the platform's crypto differs from Node's in types only. */
const crypto = webcrypto as unknown as NonNullable<Parameters<typeof X509CertificateGenerator.create>[1]>;

/** What a server shows and proves, PEM. */
export interface Chain {
  cert: string;
  key: string;
}

/** A private certificate authority. */
export interface Authority {
  /** PEM, for those who are to trust it. */
  ca: string;
  /** A certificate for `localhost` and 127.0.0.1 that ends so many days from now; negative: it has ended. */
  issue(days?: number): Promise<Chain>;
}

/** An authority of its own, which nobody knows. */
export async function makeAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = `CN=${name}`;
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      name: issuer,
      keys,
      notBefore: new Date(Date.now() - 30 * DAY_MS),
      notAfter: new Date(Date.now() + 30 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    crypto,
  );
  return {
    ca: `${root.toString('pem')}\n`,
    async issue(days = 7) {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const cert = await X509CertificateGenerator.create(
        {
          subject: 'CN=localhost',
          issuer,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          notBefore: new Date(Date.now() - 20 * DAY_MS),
          notAfter: new Date(Date.now() + days * DAY_MS),
          signingAlgorithm: ALGORITHM,
          extensions: [
            new SubjectAlternativeNameExtension([
              { type: 'dns', value: 'localhost' },
              { type: 'ip', value: '127.0.0.1' },
            ]),
          ],
        },
        crypto,
      );
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey));
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
      return { cert: `${cert.toString('pem')}\n`, key: key.toString() };
    },
  };
}
