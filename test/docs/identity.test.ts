import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ROLES, SCOPES } from '../../src/domain/access.ts';
import { ACCESS_TABLE } from '../../src/domain/access-table.ts';
import { parseRoleBindings } from '../../src/domain/role-bindings.ts';
import { codeWords, readPage, sectionOf, tableRows } from './support/pages.ts';

const page = readPage('docs/identity.md');
const samples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');

describe('docs/identity.md', () => {
  it('lists the roles, the least first', () => {
    const rows = tableRows(sectionOf(page, '## Roles')).slice(1);
    expect(rows.map(([role]) => codeWords(role ?? '')[0])).toEqual([...ROLES]);
  });

  it('lists the scopes', () => {
    const rows = tableRows(sectionOf(page, '## Tokens')).slice(1);
    expect(rows.flatMap(([scopes]) => codeWords(scopes ?? '')).toSorted()).toEqual([...SCOPES].toSorted());
    const sufficient = new Set(ACCESS_TABLE.filter(({ scopeSuffices }) => scopeSuffices).map(({ scope }) => scope));
    expect([...sufficient].toSorted()).toEqual(['audit:read', 'metrics:read', 'templates:publish', 'vulnerabilities:import']);
  });

  it('names what is answered without a token', () => {
    const open = ACCESS_TABLE.filter(({ access }) => access === 'public').map(({ path }) => path);
    const line = page.split('\n').find((text) => text.startsWith('- Without a token:')) ?? '';
    expect(codeWords(line).filter((word) => word.startsWith('/'))).toEqual(open);
  });

  it('shows role bindings that are valid', () => {
    expect(parseRoleBindings(samples[0] ?? '', 'roles.yaml')).toHaveLength(2);
  });

  it('shows the rights that the local cluster gives', () => {
    const objects = readPage('tools/local-cluster/objects.yaml').split('\n---\n');
    expect(objects.map((text) => parse(text))).toContainEqual(parse(samples[1] ?? ''));
  });
});
