import { canonicalJson } from '../effects.ts';
import { pointerOf } from '../json-pointer.ts';
import type { SecretParameter } from '../rendered.ts';
import { parameterFailure } from './failure.ts';
import { isMap } from './schema.ts';

/** A value as text: text as it is, anything else as JSON. */
export function textForm(value: unknown): string {
  return typeof value === 'string' ? value : (canonicalJson(value ?? null) ?? '');
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;
const PRIVATE_KEY = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[\s\S]+?-----END \1-----\n?/;

function certificateParts(value: unknown): { crt: string; key: string } | undefined {
  if (isMap(value)) {
    const { crt, key } = value;
    return typeof crt === 'string' && typeof key === 'string' ? { crt, key } : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const crt = value.match(CERTIFICATES)?.join('');
  const key = PRIVATE_KEY.exec(value)?.[0];
  return crt === undefined || key === undefined ? undefined : { crt, key };
}

/**
 * What a given value of a secret parameter puts into the Secret, by key. A certificate is given as PEM text with certificate and private key,
 * or as `{crt, key}`. Fails with parameter_invalid, without showing the value.
 */
export function secretEntries(parameter: SecretParameter, value: unknown): Record<string, string> {
  if (parameter.generated !== 'certificate') return { [parameter.name]: textForm(value) };
  const parts = certificateParts(value);
  if (parts !== undefined) return { [`${parameter.name}.crt`]: parts.crt, [`${parameter.name}.key`]: parts.key };
  const message = 'must be PEM text with a certificate and its private key, or a map of crt and key';
  throw parameterFailure([{ path: pointerOf('', parameter.name), message }]);
}
