import { readdir } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createCelEngine } from '../../../src/adapters/policy/cel-engine.ts';
import { loadPolicies } from '../../../src/adapters/policy/load-policies.ts';
import { PACKAGE_ROOT } from '../../../src/config.ts';

const engine = createCelEngine();
const folder = `${PACKAGE_ROOT}/policies`;
afterAll(() => engine.close());

describe('the policies that come along', () => {
  it('do what their fixtures say', async () => {
    expect((await loadPolicies(folder, engine)).rules.length).toBeGreaterThan(0);
  });

  it('have fixtures, each of them', async () => {
    const names = await readdir(folder);
    const policies = names.filter((name) => name.endsWith('.yaml') && !name.endsWith('.fixtures.yaml'));
    expect(policies.filter((name) => !names.includes(name.replace(/\.yaml$/, '.fixtures.yaml')))).toEqual([]);
  });
});
