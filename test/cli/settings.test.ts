import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/cli/settings.ts';

const made: string[] = [];
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true });
});

function dataDir(content: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'chandlery-data-'));
  made.push(dir);
  writeFileSync(join(dir, 'admin-token'), content);
  return dir;
}

describe('settings', () => {
  it('prefers CHANDLERY_TOKEN to the token file', () => {
    const env = { CHANDLERY_DATA_DIR: dataDir('chy_file\n') };
    expect(readSettings(env)).toMatchObject({ token: 'chy_file' });
    expect(readSettings({ ...env, CHANDLERY_TOKEN: 'chy_given' })).toMatchObject({
      token: 'chy_given',
      tokenSource: 'CHANDLERY_TOKEN',
    });
  });

  it('sends the token file of this machine to this machine only', () => {
    const env = { CHANDLERY_DATA_DIR: dataDir('chy_file\n') };
    for (const url of ['http://localhost:1', 'http://127.0.0.2:1', 'http://[::1]:1'])
      expect(readSettings({ ...env, CHANDLERY_URL: url }).token).toBe('chy_file');
    for (const url of ['https://example.org', 'http://10.0.0.1', 'http://127.0.0.1.example.org'])
      expect(readSettings({ ...env, CHANDLERY_URL: url }).token).toBeUndefined();
  });

  it('does without a token where there is none, and knows why', () => {
    const { token, tokenSource } = readSettings({ CHANDLERY_DATA_DIR: '/nowhere' });
    expect(token).toBeUndefined();
    expect(tokenSource).toContain('/nowhere/admin-token cannot be read');
  });

  it('keeps a path prefix of the address', () => {
    expect(readSettings({ CHANDLERY_URL: 'https://example.org/tools', CHANDLERY_DATA_DIR: '/nowhere' }).url.href).toBe(
      'https://example.org/tools/',
    );
  });

  it.each(['nonsense', 'ftp://example.org', 'http://me:secret@example.org'])(
    'refuses the address %s without repeating it',
    (url) => {
      expect(() => readSettings({ CHANDLERY_URL: url })).toThrow(/^CHANDLERY_URL (?!.*secret)/);
    },
  );

  it('refuses a token that would break the request', () => {
    expect(() => readSettings({ CHANDLERY_TOKEN: 'two words' })).toThrow('holds no token');
    expect(() => readSettings({ CHANDLERY_DATA_DIR: dataDir('a\nb\n') })).toThrow('holds no token');
  });
});
