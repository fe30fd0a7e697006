import { describe, expect, it } from '@jest/globals';
import { secretStream } from '../../../src/domain/secrets/stream.ts';

// Put together here, so that scanners of this repository do not take the tests for leaks.
const AWS = ['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('');
const GITHUB = ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_');
const begin = (kind: string) => ['-----BEGIN', `${kind}PRIVATE KEY-----`].join(' ');
const RSA_BODY = 'MIIEpAIBAAKCAQEA7bq8hXn0sJq4W0cH3mQ2bq8hXn0sJq4W0cH3mQ2b';
const JWT = [
  Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url'),
  Buffer.from('{"sub":"system:serviceaccount:a:b","iat":1516239022}').toString('base64url'),
  'c2lnbmF0dXJlLW9mLXNvbWUtbGVuZ3Ro',
].join('.');

/** In chunks of `size` bytes, as an archive comes in. */
function scan(text: string | Buffer, size = 64 * 1024) {
  const bytes = Buffer.from(text);
  const scanning = secretStream.open('notes.txt');
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    scanning.push(chunk);
    // The caller may use its buffer again.
    chunk.fill(0);
  }
  return scanning.end().map(({ id, line, severity }) => [id, line, severity]);
}

describe('the stream of secrets', () => {
  it.each([
    ['an access key', `a\nkey: ${AWS}\n`, [['secrets/awsKey', 2, 'critical']]],
    ['a token', `token=${GITHUB}`, [['secrets/githubToken', 1, 'critical']]],
    ['a private key', `${begin('RSA ')}\n${RSA_BODY}\n`, [['secrets/privateKey', 1, 'critical']]],
    [
      'a private key of PKCS#8',
      `${begin('')}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwgg\n`,
      [['secrets/privateKey', 1, 'critical']],
    ],
    ['a private key written into JSON', `{"k":"${begin('EC ')}\\n${RSA_BODY}"}`, [['secrets/privateKey', 1, 'critical']]],
    ['a private key in an indented block', `k: |\n    ${begin('')}\n    ${RSA_BODY}\n`, [['secrets/privateKey', 2, 'critical']]],
    [
      'an encrypted private key',
      `${begin('RSA ')}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n${RSA_BODY}`,
      [['secrets/privateKey', 1, 'critical']],
    ],
    ['a JSON Web Token', `Authorization: Bearer ${JWT}`, [['secrets/jwt', 1, 'high']]],
    ['a JSON Web Token without its signature', JWT.slice(0, JWT.lastIndexOf('.')), [['secrets/jwt', 1, 'high']]],
  ])('finds %s', (_what, text, expected) => {
    expect(scan(text)).toEqual(expected);
  });

  describe('attack: a private key is cut off', () => {
    it('is found without its end', () => {
      expect(scan(`${begin('RSA ')}\n${RSA_BODY.slice(0, 20)}`)).toEqual([['secrets/privateKey', 1, 'critical']]);
    });

    it.each([
      ['PKCS#1', RSA_BODY],
      ['PKCS#8', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'],
      ['PKCS#8 with an elliptic curve', 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg'],
      ['PKCS#8 with Ed25519', 'MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp'],
      ['OpenSSH', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ'],
    ])('is found without its first line (%s)', (_kind, body) => {
      expect(scan(`key: ${body}\n`)).toEqual([['secrets/privateKeyBody', 1, 'critical']]);
    });
  });

  describe('attack: a secret where nobody looks', () => {
    it.each([1, 7, 4096])('is found over the ends of chunks of %i bytes', (size) => {
      const text = `${'x'.repeat(9_000)}\n${GITHUB}\n${'y'.repeat(9_000)}\n ${AWS}\n`;
      expect(scan(text, size)).toEqual([
        ['secrets/githubToken', 2, 'critical'],
        ['secrets/awsKey', 4, 'critical'],
      ]);
    });

    it('is found once, wherever it lies between two windows', () => {
      for (let shift = 0; shift < 60; shift += 1) {
        const before = `${'a '.repeat(131_040)}${'b'.repeat(shift)}\n`;
        expect(scan(`${before}${GITHUB}\nend`)).toEqual([['secrets/githubToken', 2, 'critical']]);
      }
    });

    it('is found in a binary file, and in a file of 8 MiB', () => {
      const noise = Buffer.alloc(8 * 1024 * 1024, 0);
      expect(scan(Buffer.concat([noise, Buffer.from(` ${AWS} `), noise]))).toEqual([['secrets/awsKey', 1, 'critical']]);
    });

    it('is found in text of two bytes a character', () => {
      expect(scan(Buffer.from(`\ufeffkey\n${AWS} `, 'utf16le'))).toEqual([['secrets/awsKey', 2, 'critical']]);
    });
  });

  it.each([
    ["the documentation's own example", 'AKIAIOSFODNN7EXAMPLE '],
    ['a place for a token', `ghp_${'x'.repeat(36)}`],
    ['a private key that is only spoken of', `Put your ${begin('RSA ')} here, then go on.`],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7bq8hXn0\n'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIDXTCCAkWgAwIBAgIJAKL0UG+mRKSzMA0GCSqGSIb3DQEBCwUAMEUxCzAJBgNV\n'],
    ['something like a JSON Web Token', 'eyJub3QiOiJhIGhlYWRlciJ9.eyJub3QiOiJhIHRva2VuIn0.abc'],
    ['the middle of a longer word', `x${AWS}`],
  ])('lets %s pass', (_what, text) => {
    expect(scan(text)).toEqual([]);
  });

  it('lets pass what somebody stands for, on its line or the one above it', () => {
    expect(scan(`${AWS} # chandlery:allow-secret: a test key\n`)).toEqual([]);
    expect(scan(`# chandlery:allow-secret\n${AWS}\n`)).toEqual([]);
    expect(scan(`# chandlery:allow-secret\n\n${AWS}\n`)).toHaveLength(1);
  });

  it('never tells the secret', () => {
    const scanning = secretStream.open('a.txt');
    scanning.push(Buffer.from(`${AWS}\n${GITHUB}\n`));
    const told = JSON.stringify(scanning.end());
    expect(told).not.toContain(AWS.slice(4));
    expect(told).not.toContain(GITHUB.slice(4));
  });
});
