import { describe, expect, it } from '@jest/globals';
import { isAllowed } from '../../../src/adapters/kubernetes/rules.ts';

const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]) => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});
const ask = (verb: string, group: string, resource: string, name?: string) => ({ verb, group, resource, ...(name && { name }) });

describe('isAllowed', () => {
  it('wants verb, group and resource in the same rule', () => {
    const rules = [rule(['get'], [''], ['pods']), rule(['create'], ['apps'], ['deployments'])];
    expect(isAllowed(rules, ask('get', '', 'pods'))).toBe(true);
    expect(isAllowed(rules, ask('create', '', 'pods'))).toBe(false);
    expect(isAllowed(rules, ask('get', 'apps', 'deployments'))).toBe(false);
    expect(isAllowed([], ask('get', '', 'pods'))).toBe(false);
  });

  it('takes * for any verb, group and resource, subresources included', () => {
    expect(isAllowed([rule(['*'], ['*'], ['*'])], ask('delete', 'x.example', 'things/status'))).toBe(true);
  });

  it('does not take a resource for its subresources', () => {
    expect(isAllowed([rule(['get'], [''], ['pods'])], ask('get', '', 'pods/log'))).toBe(false);
    expect(isAllowed([rule(['get'], [''], ['pods/log'])], ask('get', '', 'pods'))).toBe(false);
    expect(isAllowed([rule(['get'], [''], ['pods/log'])], ask('get', '', 'pods/log'))).toBe(true);
    expect(isAllowed([rule(['get'], [''], ['*/log'])], ask('get', '', 'pods/log'))).toBe(true);
  });

  it('takes a rule with names only for these names', () => {
    const rules = [rule(['get'], [''], ['secrets'], ['mine'])];
    expect(isAllowed(rules, ask('get', '', 'secrets', 'mine'))).toBe(true);
    expect(isAllowed(rules, ask('get', '', 'secrets', 'other'))).toBe(false);
    expect(isAllowed(rules, ask('get', '', 'secrets'))).toBe(false);
  });
});
