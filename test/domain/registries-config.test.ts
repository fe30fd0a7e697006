import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../src/domain/errors.ts';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';

/** Reference 2's example, word for word. */
const REFERENCE = `# ~/.cloudworkstation/registries.yaml
registries:
  - name: "official"
    type: "official"
    url: "https://marketplace.cloudworkstation.dev"

  - name: "university"
    type: "institutional"
    url: "https://templates.university.edu"
    credentials:
      type: "token"
      token: "\${UNIVERSITY_REGISTRY_TOKEN}"
`;
const parse = (text: string, env: Record<string, string> = {}) => parseRegistriesConfig(text, 'registries.yaml', env);
const one = (rest: string, env: Record<string, string> = {}) =>
  parse(`registries:\n  - name: a\n    type: private\n${rest}`, env);

function failureOf(run: () => unknown): ChandleryError {
  try {
    run();
  } catch (error) {
    if (error instanceof ChandleryError) return error;
  }
  throw new Error('nothing was thrown');
}

describe('parseRegistriesConfig', () => {
  it("loads the reference's file unchanged", () => {
    const config = parse(REFERENCE, { UNIVERSITY_REGISTRY_TOKEN: 't-1' });
    expect(config.problems).toEqual([]);
    expect(config.defaultName).toBe('official');
    expect(config.registries).toEqual([
      { name: 'official', kind: 'chandlery', type: 'official', url: 'https://marketplace.cloudworkstation.dev' },
      {
        name: 'university',
        kind: 'chandlery',
        type: 'institutional',
        url: 'https://templates.university.edu',
        credentials: { type: 'token', token: 't-1' },
      },
    ]);
  });

  it('disables only the registry whose variable is missing or empty', () => {
    for (const env of [{}, { UNIVERSITY_REGISTRY_TOKEN: '' }]) {
      const config = parse(REFERENCE, env as Record<string, string>);
      expect(config.registries.map(({ name }) => name)).toEqual(['official']);
      expect(config.problems).toEqual([
        { registry: 'university', message: expect.stringContaining('UNIVERSITY_REGISTRY_TOKEN is not set') },
      ]);
    }
  });

  it('expands variables in credential fields only', () => {
    const config = one('    url: https://x.example/${A}\n    credentials: {type: basic, username: "u-${A}", password: "${B}"}', {
      A: '1',
      B: 'p$A',
    });
    expect(config.registries[0]).toMatchObject({
      url: 'https://x.example/$%7BA%7D',
      credentials: { type: 'basic', username: 'u-1', password: 'p$A' },
    });
  });

  it.each([
    ['another kind', '    kind: apt\n    url: https://x', 'kind "apt"'],
    ['an SSH key that nobody asks for', '    url: https://x\n    credentials: {type: ssh_key, ssh_key: k}', 'ssh_key'],
    ['an SSH key over https', '    kind: git\n    url: https://x/y\n    credentials: {type: ssh_key, ssh_key: k}', 'ssh:// URL'],
    [
      'a Docker login that nobody asks for',
      '    kind: helm\n    url: https://x\n    credentials: {type: docker_config}',
      'docker_config',
    ],
    ['a member of another kind', '    url: https://x\n    ref: main', 'ref: has no meaning for kind chandlery'],
    ['a scheme of another kind', '    kind: helm\n    url: oci://x/y', 'use https, http'],
    ['no module', '    kind: plugin', 'module: missing'],
    ['no token', '    url: https://x\n    credentials: {type: token}', 'credentials.token: missing'],
    ['user information', '    url: https://u:p@x', 'user name or password'],
    ['a query', '    url: https://x?a=1', 'query'],
    ['another scheme', '    url: ftp://x', 'ftp:'],
    ['a remote file', '    url: file://host/x', 'file:// URL'],
    ['no URL', '    url: "not a url"', 'not a URL'],
    ['credentials for a folder', '    url: file:///x\n    credentials: {type: token, token: t}', 'no credentials'],
  ])('disables a registry with %s', (_what, rest, message) => {
    const config = one(rest);
    expect(config.registries).toEqual([]);
    expect(config.problems).toEqual([{ registry: 'a', message: expect.stringContaining(message) }]);
    expect(config.problems[0]?.message).not.toContain('u:p');
  });

  it('reads every kind with what it needs', () => {
    const config = parseRegistriesConfig(
      `registries:
  - {name: own, type: private, url: "http://own.example/", ca: ca.pem, allowHttp: true}
  - {name: charts, type: community, kind: helm, url: "https://charts.example/stable/"}
  - {name: images, type: private, kind: oci, url: "oci://reg.example/team", repositories: [a, b/c], credentials: {type: docker_config}}
  - {name: packs, type: community, kind: helmdeck, url: "file:///srv/packs"}
  - {name: items, type: community, kind: ark, url: "https://ark.example/marketplace.json"}
  - {name: source, type: private, kind: git, url: "git@git.example:team/templates.git", ref: v1, path: templates,
     credentials: {type: ssh_key, ssh_key: ~/.ssh/id, known_hosts: hosts}}
  - {name: mine, type: private, kind: plugin, module: ./plugin.mjs}
`,
      '/etc/chandlery/registries.yaml',
      { HOME: '/home/me' },
    );
    expect(config.problems).toEqual([]);
    expect(config.registries.map(({ type: _type, ...rest }) => rest)).toEqual([
      { name: 'own', kind: 'chandlery', url: 'http://own.example', ca: '/etc/chandlery/ca.pem', allowHttp: true },
      { name: 'charts', kind: 'helm', url: 'https://charts.example/stable' },
      {
        name: 'images',
        kind: 'oci',
        url: 'oci://reg.example/team',
        repositories: ['a', 'b/c'],
        credentials: { type: 'docker_config', path: '/home/me/.docker/config.json' },
      },
      { name: 'packs', kind: 'helmdeck', url: 'file:///srv/packs' },
      { name: 'items', kind: 'ark', url: 'https://ark.example/marketplace.json' },
      {
        name: 'source',
        kind: 'git',
        url: 'ssh://git@git.example/team/templates.git',
        ref: 'v1',
        path: 'templates',
        credentials: { type: 'ssh_key', ssh_key: '/home/me/.ssh/id', known_hosts: '/etc/chandlery/hosts' },
      },
      { name: 'mine', kind: 'plugin', url: '', module: '/etc/chandlery/plugin.mjs' },
    ]);
  });

  it('takes the marked registry as default, else the first official, else the first', () => {
    const entry = (name: string, type: string, more = '') =>
      `  - {name: ${name}, type: ${type}, url: "https://${name}.example"${more}}\n`;
    expect(parse(`registries:\n${entry('a', 'private')}${entry('b', 'official')}`).defaultName).toBe('b');
    expect(parse(`registries:\n${entry('a', 'private')}${entry('b', 'community')}`).defaultName).toBe('a');
    expect(parse(`registries:\n${entry('a', 'official')}${entry('b', 'private', ', default: true')}`).defaultName).toBe('b');
    expect(parse('registries: []').defaultName).toBeUndefined();
    expect(parse('').registries).toEqual([]);
  });

  it('keeps a default that cannot be used as the default', () => {
    const config = parse(
      'registries:\n  - {name: a, type: official, kind: apt, url: "https://a"}\n  - {name: b, type: private, url: "https://b"}',
    );
    expect(config.defaultName).toBe('a');
    expect(config.registries.map(({ name }) => name)).toEqual(['b']);
  });

  it.each([
    ['an unknown key', '    url: https://x\n    tokens: t', 'registries.yaml:5:5: unknown key "tokens"'],
    [
      'an unknown credential key',
      '    url: https://x\n    credentials:\n      type: token\n      key: t',
      'registries.yaml:7:7: unknown key "key"',
    ],
    [
      'a ref that is an option',
      '    kind: git\n    url: https://x\n    ref: --upload-pack=x',
      'registries.yaml:6:5: registries.0.ref',
    ],
    [
      'a path that climbs out',
      '    kind: git\n    url: https://x\n    path: a/../../b',
      'registries.yaml:6:5: registries.0.path',
    ],
    ['a wrong type', '    url: https://x\n    default: maybe', 'registries.yaml:5:5: registries.0.default'],
    ['a missing key', '    default: true', 'registries.yaml:2:5: registries.0.url'],
    [
      'a second of the same name',
      '    url: https://x\n  - {name: a, type: private, url: "https://y"}',
      'registries.yaml:5:6: there is already',
    ],
    [
      'two defaults',
      '    url: https://x\n    default: true\n  - {name: b, type: private, url: "https://y", default: true}',
      'already the default',
    ],
    ['a key given twice', '    url: https://x\n    url: https://y', 'registries.yaml:5:5'],
    ['broken YAML', '    url: [', 'registries.yaml:'],
  ])('fails with config_invalid and the place for %s', (_what, rest, message) => {
    const error = failureOf(() => one(rest));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(message);
    expect(error.details.issues?.[0]?.line).toBeGreaterThan(0);
  });
});
