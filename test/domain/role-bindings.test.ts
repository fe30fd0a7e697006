import { describe, expect, it } from '@jest/globals';
import { parseRoleBindings } from '../../src/domain/role-bindings.ts';

const read = (text: string) => () => parseRoleBindings(text, 'roles.yaml');

describe('role bindings', () => {
  it('give roles to users and groups', () => {
    const text = `
bindings:
  - role: operator
    namespaces: [team-a, team-b]
    groups: [team-a-devs]
  - role: viewer
    namespaces: ["*"]
    users: ["system:serviceaccount:ci:deployer"]
`;
    expect(read(text)()).toEqual([
      { role: 'operator', namespaces: ['team-a', 'team-b'], users: [], groups: ['team-a-devs'] },
      { role: 'viewer', namespaces: ['*'], users: ['system:serviceaccount:ci:deployer'], groups: [] },
    ]);
  });

  it.each([
    [
      'a role that there is not',
      'bindings:\n  - role: root\n    namespaces: ["*"]\n    users: [a]\n',
      /^roles\.yaml:2:11: .*role/,
    ],
    ['no namespaces', 'bindings:\n  - role: admin\n    users: [a]\n', /^roles\.yaml:2:\d+: bindings\.0\.namespaces/],
    [
      'an empty list of them',
      'bindings:\n  - role: admin\n    namespaces: []\n    users: [a]\n',
      /^roles\.yaml:3:\d+: .*everywhere/,
    ],
    [
      'a namespace with a star in it',
      'bindings:\n  - role: admin\n    namespaces: [team-*]\n    users: [a]\n',
      /^roles\.yaml:3:18: .*neither/,
    ],
    ['nobody', 'bindings:\n  - role: admin\n    namespaces: ["*"]\n', /^roles\.yaml:2:\d+: .*neither users nor groups/],
    [
      'a misspelled key',
      'bindings:\n  - role: admin\n    namespaces: ["*"]\n    user: a\n',
      /^roles\.yaml:4:5: .*user: is not known here/,
    ],
    ['no list', 'bindings: everybody\n', /^roles\.yaml:1:\d+: bindings/],
    ['another file', 'registries: []\n', /^roles\.yaml:1:\d+: /],
    ['nothing', '', /^roles\.yaml:1:1: /],
    ['no YAML', 'bindings: [\n', /^roles\.yaml:\d+:\d+: /],
  ])('are refused with %s, by line', (_what, text, message) => {
    expect(read(text)).toThrow(message);
    expect(read(text)).toFailWith('config_invalid');
  });
});
