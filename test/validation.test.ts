import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { SCORE_WEIGHTS } from '../src/domain/validation-score.ts';
import { judgeDirectory } from '../src/validation.ts';

/** docs/trust.md works the scores of three templates out by hand. */

const ROW = /^\| `([a-z-]+\/[\d.]+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$/gm;
const PARTS = ['security', 'quality', 'documentation', 'metadata'] as const;

describe('the examples of docs/trust.md', () => {
  it('have the scores that the program gives', async () => {
    const rows = [...(await readFile('docs/trust.md', 'utf8')).matchAll(ROW)];
    expect(rows).toHaveLength(3);
    for (const [, template = '', ...figures] of rows) {
      const [security, quality, documentation, metadata, total] = figures.map(Number);
      const { score } = await judgeDirectory(`samples/registry/${template}`);
      const given = Object.fromEntries(PARTS.map((part) => [part, score.parts[part]?.points]));
      expect({ template, ...given, total: score.total }).toEqual({ template, security, quality, documentation, metadata, total });
      // The hand's own arithmetic, by the weights.
      const sum = PARTS.reduce((so, part) => so + SCORE_WEIGHTS[part] * (given[part] ?? 0), 0);
      expect(Math.round(sum * 10) / 10).toBe(total);
    }
  });

  it('lose points for the reasons that are given', async () => {
    const { score, security } = await judgeDirectory('samples/registry/web-app/2.1.0');
    expect(score.parts.quality?.lost.map(({ check, points }) => [check, points])).toEqual([
      ['examples-validate', 15],
      ['images-pinned', 15],
      ['upgrade-path', 10],
    ]);
    expect(security.findings.map(({ id, severity }) => [id, severity])).toEqual([
      ['content/runs-as-root', 'low'],
      ['content/image-unpinned', 'info'],
    ]);
  });
});

describe('a directory', () => {
  it('is judged by the very bytes that would be published', async () => {
    const { subject, ruleset } = await judgeDirectory('samples/registry/shop/2.1.0');
    expect(subject).toMatchObject({ archive: expect.stringMatching(/^sha256:/), trust: { verified: true } });
    expect(ruleset).toBe((await judgeDirectory('samples/registry/redis/7.2.5')).ruleset);
  });
});
