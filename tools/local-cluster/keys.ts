import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The API server makes its own certificate for a year; one that ends within this time is made anew when the cluster starts. */
const RENEW_BEFORE_MS = 60 * 24 * 3_600_000;
const POLL_MS = 20;

/** Folder, certificate and key of the API server. The certificate is followed by that of the authority which signed it. */
export function certificateFiles(directory: string): { folder: string; certificate: string; key: string } {
  const folder = join(directory, 'certificates');
  return { folder, certificate: join(folder, 'apiserver.crt'), key: join(folder, 'apiserver.key') };
}

/** Removes a certificate that would soon end, so that the API server makes another. */
export function dropOldCertificate(directory: string): void {
  const { certificate, key } = certificateFiles(directory);
  if (!existsSync(certificate) || !existsSync(key)) return;
  const { validTo } = new X509Certificate(readFileSync(certificate));
  if (Date.parse(validTo) - Date.now() > RENEW_BEFORE_MS) return;
  rmSync(certificate);
  rmSync(key);
}

/** The certificate (PEM) as soon as the API server has it; rejects when `signal` is aborted. */
export async function waitForCertificate(directory: string, signal: AbortSignal): Promise<string> {
  const { certificate, key } = certificateFiles(directory);
  // The key is written last.
  while (!existsSync(key)) await sleep(POLL_MS, undefined, { signal });
  return readFileSync(certificate, 'utf8');
}

/** The key pair that signs the tokens of service accounts; made once, or tokens in use would become worthless. */
export function ensureServiceAccountKey(directory: string): { privateKey: string; publicKey: string } {
  const files = { privateKey: join(directory, 'service-account.key'), publicKey: join(directory, 'service-account.pub') };
  if (existsSync(files.publicKey)) return files;
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(files.privateKey, pair.privateKey, { mode: 0o600 });
  writeFileSync(files.publicKey, pair.publicKey, { mode: 0o600 });
  return files;
}
