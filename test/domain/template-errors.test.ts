// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { describe, expect, it } from '@jest/globals';
import { broken, failureOf, small, withSpec } from './template-support.ts';

describe('a template that is refused', () => {
  const cases: Array<[string, string, string]> = [
    [
      'an unknown key at the top',
      broken('kind: Template\n', 'kind: Template\nmetdata: {}\n'),
      '3:1: /metdata: unknown key "metdata": did you mean "metadata"?',
    ],
    [
      'an unknown key in metadata',
      broken('  name: small', '  name: small\n  nmae: x'),
      '5:3: /metadata/nmae: unknown key "nmae": did you mean "name"?',
    ],
    [
      'an unknown key in spec',
      broken('  type: workload', '  type: workload\n  foo: 1'),
      '9:3: /spec/foo: unknown key "foo": allowed here are type, parameters,',
    ],
    [
      'an unknown key in workload',
      broken('    image:', '    imge:'),
      '18:5: /spec/workload/imge: unknown key "imge": did you mean "image"?',
    ],
    [
      'an unknown key in a dependency',
      broken('      version: ^7', '      verison: ^7'),
      '16:7: /spec/dependencies/0/verison: unknown key "verison": did you mean "version"?',
    ],
    [
      'an unknown key in env',
      broken('parameter: password}', 'parameter: password, optional: true}'),
      '21:47: /spec/workload/env/0/optional: unknown key "optional"',
    ],
    [
      'an unknown key in x-chandlery',
      broken('secret: true', 'secert: true'),
      '13:46: /spec/parameters/properties/password/x-chandlery/secert: unknown key "secert": did you mean "secret"?',
    ],
    ['an unknown key in trust', `${small}trust: {sha: x}\n`, '24:9: /trust/sha: unknown key "sha"'],
    ['an unknown key in marketplace', `${small}marketplace: {stars: 1}\n`, '24:15: /marketplace/stars: unknown key "stars"'],
    [
      'another apiVersion',
      broken('chandlery.dev/v1', 'chandlery.dev/v2'),
      '1:13: /apiVersion: must be chandlery.dev/v1, not "chandlery.dev/v2"',
    ],
    [
      'another kind',
      broken('kind: Template', 'kind: template'),
      '2:7: /kind: must be Template, not "template": did you mean "Template"?',
    ],
    [
      'an unknown type',
      broken('type: workload', 'type: worklod'),
      '8:9: /spec/type: must be one of workload, manifests, helm, deployer, stack, pack, not "worklod": did you mean "workload"?',
    ],
    ['a missing member', broken('  version: 1.0.0\n', ''), '4:3: /metadata: "version" is missing'],
    ['a missing spec', small.slice(0, small.indexOf('spec:')), '1:1: "spec" is missing'],
    [
      'an unquoted version',
      broken('version: 1.0.0', 'version: 1.10'),
      '5:12: /metadata/version: must be text, but 1.10 is a number in YAML: quote it, "1.10"',
    ],
    [
      'an unquoted range',
      broken('version: ^7.0.0', 'version: 7'),
      '16:16: /spec/dependencies/0/version: must be text, but 7 is a number in YAML: quote it, "7"',
    ],
    [
      'an unquoted boolean',
      broken('parameter: password}', 'value: true}'),
      '21:33: /spec/workload/env/0/value: must be text, but true is true or false in YAML: quote it, "true"',
    ],
    [
      'a version that is no semver',
      broken('version: 1.0.0', 'version: v1.0.0'),
      '5:12: /metadata/version: "v1.0.0" does not fit: A semantic version',
    ],
    [
      'a version with a leading zero',
      broken('version: 1.0.0', 'version: 1.02.0'),
      '5:12: /metadata/version: "1.02.0" does not fit',
    ],
    [
      'a range that is none',
      broken('version: ^7.0.0', 'version: seven'),
      '16:16: /spec/dependencies/0/version: "seven" is not a semver range such as ^1.4.0',
    ],
    [
      'a name with a capital',
      broken('name: small', 'name: Small'),
      '4:9: /metadata/name: "Small" does not fit: Lower-case letters',
    ],
    [
      'a name that is too long',
      broken('name: small', `name: ${'a'.repeat(64)}`),
      '4:9: /metadata/name: must be at most 63 characters long',
    ],
    ['a dotted name of a workload', broken('name: small', 'name: a.b'), '4:9: /metadata/name: "a.b" does not fit'],
    [
      'a license that is no SPDX',
      broken('  version: 1.0.0', '  version: 1.0.0\n  license: "MIT, or so"'),
      '6:12: /metadata/license: "MIT, or so" does not fit: An SPDX expression',
    ],
    [
      'a homepage that is no URL',
      broken('  version: 1.0.0', '  version: 1.0.0\n  homepage: example'),
      '6:13: /metadata/homepage: "example" is not an absolute URL',
    ],
    [
      'an address that is no e-mail',
      broken('  version: 1.0.0', '  version: 1.0.0\n  maintainers: [{name: A, email: x}]'),
      '6:34: /metadata/maintainers/0/email: "x" is not an e-mail address',
    ],
    [
      'a readme outside the package',
      broken('  version: 1.0.0', '  version: 1.0.0\n  readme: ../README.md'),
      '6:11: /metadata/readme: "../README.md" does not fit: A relative path',
    ],
    [
      'tags twice',
      broken('  version: 1.0.0', '  version: 1.0.0\n  tags: [a, b, a]'),
      '6:9: /metadata/tags: items 1 and 3 are the same',
    ],
    ['a list for a map', broken('metadata:\n', 'metadata: []\nx:\n'), '3:11: /metadata: must be a map, not a list'],
    ['nothing for a map', withSpec('spec:\n'), '7:6: /spec: must be a map, not empty'],
    [
      'a text for a list',
      broken('    env:\n      - {name: PASSWORD, parameter: password}', '    env: none'),
      '20:10: /spec/workload/env: must be a list, not text',
    ],
    ['a negative count', broken('replicas: ${replicas}', 'replicas: -1'), '19:15: /spec/workload/replicas: must be at least 0'],
    [
      'a word for a count',
      broken('replicas: ${replicas}', 'replicas: two'),
      '19:15: /spec/workload/replicas: "two" does not fit: A whole number from 0, or a parameter',
    ],
    [
      'two sources of an env',
      broken('parameter: password}', 'parameter: password, value: x}'),
      '21:9: /spec/workload/env/0: give exactly one of value, secretRef, configRef, parameter',
    ],
    ['no source of an env', broken(', parameter: password}', '}'), '21:9: /spec/workload/env/0: give exactly one of value'],
    [
      'a probe without a check',
      broken('    env:', '    probes: {liveness: {periodSeconds: 5}}\n    env:'),
      '20:24: /spec/workload/probes/liveness: give exactly one of http, tcp, exec, grpc',
    ],
    [
      'a volume of two kinds',
      broken('    env:', '    volumes: [{name: a, path: /a, empty: {}, config: {name: c}}]\n    env:'),
      '20:15: /spec/workload/volumes/0: give exactly one of persistent, empty',
    ],
    [
      'size and resources',
      broken('    env:', '    size: S\n    resources: {}\n    env:'),
      '18:5: /spec/workload: give size or resources, not both',
    ],
    [
      'schedule and runOnce',
      broken('    env:', '    schedule: "@daily"\n    runOnce: true\n    env:'),
      '18:5: /spec/workload: give schedule or runOnce, not both',
    ],
    [
      'an unknown size',
      broken('    env:', '    size: XXL\n    env:'),
      '20:11: /spec/workload/size: "XXL" does not fit: S, M, L or XL',
    ],
    [
      'a quantity that is none',
      broken('    env:', '    resources: {requests: {cpu: lots}}\n    env:'),
      '20:33: /spec/workload/resources/requests/cpu: "lots" does not fit: A Kubernetes quantity',
    ],
    [
      'a port that is none',
      broken('    env:', '    ports: [{name: http, port: 70000}]\n    env:'),
      '20:32: /spec/workload/ports/0/port: must be at most 65535',
    ],
    ['a workload without a spec of it', withSpec('spec:\n  type: workload\n'), '8:3: /spec: "workload" is missing'],
    ['manifests without a path', withSpec('spec:\n  type: manifests\n  content: {}\n'), '9:12: /spec/content: "path" is missing'],
    ['manifests without content', withSpec('spec: {type: manifests}\n'), '7:7: /spec: "content" is missing'],
    [
      'manifests outside the package',
      withSpec('spec:\n  type: manifests\n  content: {path: /etc}\n'),
      '9:19: /spec/content/path: "/etc" does not fit: A relative path',
    ],
    [
      'helm without a chart',
      withSpec('spec:\n  type: helm\n  content: {path: chart}\n'),
      '9:12: /spec/content: "chart" is missing',
    ],
    [
      'helm with a chart and an image',
      withSpec('spec:\n  type: helm\n  content: {chart: a, image: b}\n'),
      '9:12: /spec/content: must have at most 1 member',
    ],
    [
      'a deployer without an image',
      withSpec('spec:\n  type: deployer\n  content: {}\n'),
      '9:12: /spec/content: "image" is missing',
    ],
    ['a stack without components', withSpec('spec: {type: stack}\n'), '7:7: /spec: "components" is missing'],
    [
      'a stack with an empty list',
      withSpec('spec: {type: stack, components: []}\n'),
      '7:33: /spec/components: must have at least 1 item',
    ],
    ['a pack without a handler', withSpec('spec: {type: pack}\n'), '7:7: /spec: "handler" is missing'],
    [
      'a member of another type',
      broken('  workload:\n', '  handler: {type: command}\n  workload:\n'),
      '17:3: /spec/handler: does not belong to a template of this type',
    ],
    ['an output without its key', broken('from: service', 'from: secret'), '23:7: /spec/outputs/0: "key" is missing'],
    [
      'an output from nowhere',
      broken('from: service', 'from: servce'),
      '23:29: /spec/outputs/0/from: must be one of service, ingress, secret, value, not "servce": did you mean "service"?',
    ],
    [
      'a digest that is none',
      broken('  workload:\n', '  images: {a: {ref: x, digest: sha256:12}}\n  workload:\n'),
      '17:32: /spec/images/a/digest: "sha256:12" does not fit',
    ],
    [
      'an API that is none',
      broken('  workload:\n', '  requires: {apis: [Deployment]}\n  workload:\n'),
      '17:21: /spec/requires/apis/0: "Deployment" does not fit: group/version/Kind',
    ],
    ['a hash that is none', `${small}trust: {sha256: abc}\n`, '24:17: /trust/sha256: "abc" does not fit: The 64 hex digits'],
  ];

  it.each(cases)('for %s says where and what to do', (_what, text, message) => {
    const error = failureOf(text, 'dir/template.yaml');
    expect(error.code).toBe('template_invalid');
    expect(error.message).toContain(`dir/template.yaml:${message}`);
    const [line, column] = message.split(':').map(Number);
    expect(error.details.issues?.[0]).toMatchObject({ line, column });
    expect(error.details.file).toBe('dir/template.yaml');
  });

  it('lists every problem, in the order of the file', () => {
    const error = failureOf(broken('name: small', 'name: Small').replace('^7.0.0', 'seven').replace('image:', 'imag:'));
    expect(error.details.issues?.map((issue) => issue.line)).toEqual([4, 16, 18]);
    expect(error.message).toMatch(/^template\.yaml:4:9: .* \(and 2 more\)$/);
  });
});
