import { readKeyFolder } from './adapters/sigstore/key-folder.ts';
import { builtInTrustedRoot, readTrustedRoot } from './adapters/sigstore/trusted-root.ts';
import { createSignatureVerifier } from './adapters/sigstore/verifier.ts';
import type { Config } from './config.ts';
import { ChandleryError } from './domain/errors.ts';
import type { PolicyBook } from './domain/policy/book.ts';
import type { SignatureVerifier } from './domain/signature.ts';

export interface Signers extends SignatureVerifier {
  /** Names of the keys. */
  keys: ReadonlySet<string>;
}

/**
 * Whose signatures this server knows. Fails with config_invalid, naming the file: a server that has lost a key would refuse everything
 * that was signed with it, and people would learn of it at their next install.
 */
export async function openSigners({ signers: { keysDir, trustedRootFile } }: Pick<Config, 'signers'>): Promise<Signers> {
  const keys = keysDir === undefined ? [] : await readKeyFolder(keysDir);
  const root = trustedRootFile === undefined ? builtInTrustedRoot() : await readTrustedRoot(trustedRootFile);
  return { ...createSignatureVerifier({ keys, root }), keys: new Set(keys.map(({ name }) => name)) };
}

/** Fails with config_invalid for a policy that names a key nobody has: it would refuse everything, and say that nobody signed it. */
export function requireKeys({ registryPolicies }: Pick<PolicyBook, 'registryPolicies'>, { keys }: Signers): void {
  const named = registryPolicies.flatMap(({ keys: own = [], images }) => [
    ...own,
    ...(images === undefined || images === 'any' ? [] : images.keys),
  ]);
  const missing = named.find((name) => !keys.has(name));
  if (missing === undefined) return;
  throw new ChandleryError(
    'config_invalid',
    `a RegistryPolicy names the key ${JSON.stringify(missing)}, and the folder of CHANDLERY_SIGNING_KEYS has no ${missing}.pub`,
  );
}
