import { describe, expect, it } from '@jest/globals';
import { YamlIndexSplitter } from '../../../src/adapters/registries/helm-index-yaml.ts';

const dateOf = (line: string) => {
  const splitter = new YamlIndexSplitter();
  splitter.push(`apiVersion: v1\nentries:\n  web:\n    - version: 1.0.0\n      generated: "1999-01-01T00:00:00Z"\n${line}`);
  splitter.end();
  return splitter.generated;
};

describe("the date of Helm's index", () => {
  it.each([
    ['generated: "2026-11-20T08:00:00.123456789+01:00"', '2026-11-20T07:00:00.123Z'],
    ["generated: '2026-11-20T08:00:00Z'\n", '2026-11-20T08:00:00.000Z'],
    ['generated: 2026-11-20T08:00:00Z # by hand', '2026-11-20T08:00:00.000Z'],
    ['generated: yesterday', undefined],
    ['generated: 2026-13-45T08:00:00Z', undefined],
    ['', undefined],
  ])('is read from %s', (line, date) => {
    expect(dateOf(line)).toBe(date);
  });
});
