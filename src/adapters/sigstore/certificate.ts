import { X509Certificate } from 'node:crypto';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { Refusal } from './refusal.ts';

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'; // RFC 5280, 4.2.1.12

/**
 * What @sigstore/verify leaves open about the signer's certificate: that nothing stands around or beside its signed part, and what it
 * may be used for. Chain, times and the log of certificates are the library's.
 */
export function checkCertificate(raw: Buffer, root: TrustedRoot): X509Certificate {
  const leaf = new X509Certificate(raw);
  if (!leaf.raw.equals(raw)) throw new Refusal('the certificate has bytes beside it');
  if (leaf.ca) throw new Refusal('the certificate is an authority, not a signer');
  if (!(leaf.keyUsage ?? []).includes(CODE_SIGNING)) throw new Refusal('the certificate is not one for signing code');
  const authorities = root.certificateAuthorities.flatMap(({ certChain }) => certChain?.certificates ?? []);
  // OpenSSL compares the two names of the algorithm in a certificate, of which the library reads the unsigned one.
  if (!authorities.some(({ rawBytes }) => isIssuer(new X509Certificate(rawBytes), leaf)))
    throw new Refusal('no authority of the trusted root issued the certificate', true);
  return leaf;
}

function isIssuer(authority: X509Certificate, leaf: X509Certificate): boolean {
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
}
