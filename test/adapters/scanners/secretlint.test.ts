// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from '@jest/globals';
import { secretlint } from '../../../src/adapters/scanners/secretlint.ts';

const SLACK = ['xoxb', '123456789012', '1234567890123', 'AbCdEfGhIjKlMnOpQrStUvWx'].join('-');
const DATABASE = ['postgres://app', 'S3cr3tPa55w0rd@db.internal:5432/app'].join(':');

describe('secretlint', () => {
  it('has a version, which is part of the ruleset', () => {
    expect(secretlint.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('finds the secrets of many providers, with their lines', async () => {
    const hits = await secretlint.lint('a.env', `x=1\nslack=${SLACK}\ndb=${DATABASE}\n`);
    expect(hits.map(({ rule, line }) => [rule, line])).toEqual([
      ['secretlint-slack', 2],
      ['secretlint-database-connection-string', 3],
    ]);
    expect(JSON.stringify(hits)).not.toContain('S3cr3tPa55w0rd');
  });

  it('finds none where there is none', async () => {
    expect(await secretlint.lint('a.yaml', 'kind: ConfigMap\ndata: {a: b}\n')).toEqual([]);
    expect(await secretlint.lint('a.yaml', `url: ${['postgres://app', '${password}@db/app'].join(':')}\n`)).toEqual([]);
  });

  it('attack: a comment of the archive does not switch it off', async () => {
    const text = `// secretlint-disable\nslack=${SLACK}\n`;
    expect(await secretlint.lint('a.js', text)).toHaveLength(1);
  });

  it('keeps nothing of what it looked at: the thousandth file costs what the first did', async () => {
    const before = performance.getEntriesByType('mark').length;
    for (let at = 0; at < 100; at += 1) await secretlint.lint(`${at}.yaml`, 'kind: ConfigMap\n');
    expect(performance.getEntriesByType('mark')).toHaveLength(before);
  });
});
