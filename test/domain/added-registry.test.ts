import { describe, expect, it } from '@jest/globals';
import { checkAddedEntry } from '../../src/domain/added-registry.ts';
import { buildRegistryConfig, registryEntrySchema } from '../../src/domain/registry-entry.ts';

const entry = (more: Record<string, unknown>) => registryEntrySchema.parse({ name: 'a', type: 'private', ...more });

describe('a registry that is added over the API', () => {
  // Spelled so that a look at the text does not see what the parser makes of it.
  const spellings = [
    'file:///etc',
    'FILE:/etc',
    ' file:///etc',
    '\u0001file:///etc',
    'fi\tle:///etc',
    'f\nile:///etc',
    'file:etc',
  ];
  it.each(spellings.flatMap((url) => ['chandlery', 'helmdeck', 'git'].map((kind) => [url, kind] as const)))(
    'is no folder of the server: %j, kind %s',
    async (url, kind) => {
      await expect(() => checkAddedEntry(entry({ kind, url }))).toFailWith('invalid_request');
    },
  );

  it.each([
    ['a path with the mark of a key behind it', { ssh_key: '/etc/shadow -----BEGIN PRIVATE KEY-----' }],
    ['a path of hosts', { known_hosts: '/etc/hosts' }],
    ['a path of hosts with a comment before it', { known_hosts: '# x\n/etc/hosts' }],
  ])('reads no file of the server: %s', async (_what, more) => {
    const key = { ssh_key: '-----BEGIN OPENSSH PRIVATE KEY-----\nx', known_hosts: 'h ssh-ed25519 AAAA' };
    const credentials = { type: 'ssh_key', ...key, ...more };
    const check = () => checkAddedEntry(entry({ kind: 'git', url: 'ssh://git@h/x', credentials }));
    // What is taken is taken as content, which ends with its line.
    const taken = (() => {
      try {
        return check().credentials;
      } catch {
        return undefined;
      }
    })();
    if (taken !== undefined)
      expect(taken).toMatchObject({ ssh_key: expect.stringMatching(/\n$/), known_hosts: expect.stringMatching(/\n$/) });
    else await expect(check).toFailWith('invalid_request');
  });
});

describe('what the store cannot keep', () => {
  it.each([
    ['path', 'a\0b'],
    ['repositories', ['ok', 'a\ud800']],
  ])('is refused in %s', (member, value) => {
    const at = { path: `body/${member}`, message: expect.stringMatching(/NUL character/) };
    const refused = { code: 'invalid_request', details: { issues: [at] } };
    expect(() => checkAddedEntry(entry({ kind: 'git', url: 'https://h/x', [member]: value }))).toThrow(
      expect.objectContaining(refused),
    );
  });
});

describe('the URL of a registry', () => {
  it.each(['https://a.example\t.evil.example/x', 'https://a.exa\nmple/x', 'https://a.example/x\r', 'ssh://git@h\u0000/x'])(
    'holds no control character, which would be left out without a word: %j',
    (url) => {
      expect(buildRegistryConfig(entry({ kind: 'git', url }), 'r.yaml', {})).toMatch(/^url: /);
    },
  );
});
