// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import { describe, expect, it } from '@jest/globals';
import { broken, failureOf, withSpec } from './template-support.ts';

describe('a template whose parts do not fit each other', () => {
  const stack = (components: string): string => withSpec(`spec:\n  type: stack\n  components:\n${components}`);
  const cases: Array<[string, string, string]> = [
    [
      'depends on itself',
      broken('name: redis', 'name: small'),
      '15:13: /spec/dependencies/0/name: "small" is this template itself',
    ],
    [
      'inherits from itself',
      broken('  dependencies:', '  inherits: [{name: small, version: "1"}]\n  dependencies:'),
      '14:21: /spec/inherits/0/name: "small" is this template itself',
    ],
    [
      'has a dependency twice',
      broken('      version: ^7.0.0', '      version: ^7.0.0\n    - {name: redis, version: "*"}'),
      '17:14: /spec/dependencies/1/name: dependency "redis" is there twice',
    ],
    [
      'has an output twice',
      broken('from: service}', 'from: service}\n    - {name: address, from: ingress}'),
      '24:14: /spec/outputs/1/name: output "address" is there twice',
    ],
    [
      'has a component twice',
      stack('    - {name: a, template: x, version: "1"}\n    - {name: a, template: y, version: "1"}\n'),
      '11:14: /spec/components/1/name: component "a" is there twice',
    ],
    [
      'waits for an unknown component',
      stack(
        '    - {name: database, template: x, version: "1"}\n    - {name: b, template: y, version: "1", dependsOn: [databse]}\n',
      ),
      '11:56: /spec/components/1/dependsOn/0: there is no component "databse": did you mean "database"?',
    ],
    [
      'has components in a circle',
      stack(
        '    - {name: a, template: x, version: "1", dependsOn: [b]}\n    - {name: b, template: y, version: "1", dependsOn: [a]}\n',
      ),
      '9:3: /spec/components: the components wait for each other in a circle: a -> b -> a',
    ],
    [
      'has a component that waits for itself',
      stack('    - {name: a, template: x, version: "1", dependsOn: [a]}\n'),
      '9:3: /spec/components: the components wait for each other in a circle: a -> a',
    ],
    [
      'uses an unknown parameter',
      broken('${replicas}', '${replica}'),
      '19:15: /spec/workload/replicas: there is no parameter "replica": did you mean "replicas"?',
    ],
    [
      'uses an unknown parameter as env',
      broken('parameter: password', 'parameter: pasword'),
      '21:37: /spec/workload/env/0/parameter: there is no parameter "pasword"',
    ],
    [
      'has a condition on an unknown parameter',
      broken('parameter: password', 'parameter: password, when: nothing'),
      '21:53: /spec/workload/env/0/when: there is no parameter "nothing"',
    ],
    [
      'uses a shell variable as it is',
      broken('    env:', '    command: [sh, -c, "echo $HOME"]\n    env:'),
      '20:23: /spec/workload/command/2: there is no parameter "HOME": declare it in spec.parameters, or write $$',
    ],
    [
      'writes a secret into a text',
      broken('    env:', '    args: ["--password=${password}"]\n    env:'),
      '20:12: /spec/workload/args/0: "password" is a secret and may not be part of a text',
    ],
    [
      'maps an image to an unknown parameter',
      broken('  workload:\n', '  images: {a: {ref: x, parameters: {TAG: tag}}}\n  workload:\n'),
      '17:42: /spec/images/a/parameters/TAG: there is no parameter "tag"',
    ],
    [
      'has a parameter that cannot be written',
      broken('replicas: {type', 'max-replicas: {type'),
      '12:7: /spec/parameters/properties/max-replicas: parameter "max-replicas" cannot be written as ${name}',
    ],
  ];

  it.each(cases)('because it %s, is refused', (_what, text, message) => {
    expect(failureOf(text).message).toContain(`template.yaml:${message}`);
  });
});

describe('parameters', () => {
  const property = (schema: string): string => broken('replicas: {type: integer, default: 1}', `replicas: ${schema}`);
  const deep = `${'{type: array, items: '.repeat(26)}{}${'}'.repeat(26)}`;
  const cases: Array<[string, string, string]> = [
    [
      'of another draft',
      broken('    type: object', '    $schema: http://json-schema.org/draft-07/schema#\n    type: object'),
      '10:14: /spec/parameters/$schema: must be https://json-schema.org/draft/2020-12/schema',
    ],
    ['that are no schema', property('{type: integr}'), '12:24: /spec/parameters/properties/replicas/type: must be one of'],
    [
      'with a wrong keyword value',
      property('{type: integer, minimum: low}'),
      '12:42: /spec/parameters/properties/replicas/minimum: must be a number, not text',
    ],
    ['that describe no object', broken('    type: object', '    type: array'), '10:5: /spec/parameters: must describe an object'],
    [
      'with a remote reference',
      property('{$ref: "https://example.org/schema"}'),
      '12:24: /spec/parameters/properties/replicas/$ref: "https://example.org/schema" points outside this file',
    ],
    ['with a reference to a file', property('{$ref: other.json}'), 'points outside this file'],
    [
      'with a reference to nothing',
      property('{$ref: "#/$defs/x"}'),
      '12:24: /spec/parameters/properties/replicas/$ref: "#/$defs/x" points to nothing',
    ],
    ['with a reference that cannot be decoded', property('{$ref: "#/%zz"}'), 'is not a valid pointer'],
    ['with a reference to an inherited member', property('{$ref: "#/constructor"}'), 'points to nothing'],
    [
      'with an identity of their own',
      property('{$id: https://example.org/x}'),
      '12:23: /spec/parameters/properties/replicas/$id: $id is not allowed',
    ],
    [
      'with a broken regular expression',
      property('{type: string, pattern: "("}'),
      '12:41: /spec/parameters/properties/replicas/pattern: is not a regular expression',
    ],
    [
      'with an endless regular expression',
      property(`{type: string, pattern: "${'a'.repeat(513)}"}`),
      'is longer than 512 characters',
    ],
    ['nested too deep', property(deep), '9:3: /spec/parameters: is nested more than 24 levels deep'],
    ['with too many parts', property(`{enum: [${'{},'.repeat(4001)}]}`), '9:3: /spec/parameters: has more than 4000 parts'],
    [
      'with an unknown generator',
      property('{type: string, x-chandlery: {generated: token}}'),
      '12:57: /spec/parameters/properties/replicas/x-chandlery/generated: must be password or certificate',
    ],
    [
      'with a hint that is no map',
      property('{type: string, x-chandlery: secret}'),
      '12:45: /spec/parameters/properties/replicas/x-chandlery: must be a map',
    ],
    [
      'with an order that is no number',
      property('{type: string, x-chandlery: {order: first}}'),
      'x-chandlery/order: must be a whole number',
    ],
    [
      'with a hint in a branch',
      property('{anyOf: [{x-chandlery: {hidden: true}}]}'),
      '/anyOf/0/x-chandlery/hidden: unknown key "hidden"',
    ],
  ];

  it.each(cases)('%s are refused', (_what, text, message) => {
    expect(failureOf(text).message).toContain(message);
  });

  it('of a pack are held to the same rules', () => {
    const pack = withSpec(
      'spec: {type: pack, handler: {type: command}, inputSchema: {type: object, properties: {a: {$ref: "http://x/"}}}}',
    );
    expect(failureOf(pack).message).toContain('/spec/inputSchema/properties/a/$ref: "http://x/" points outside');
  });
});

describe('a template with thousands of mistakes', () => {
  const many = 9000;
  const list = (item: (index: number) => string): string => Array.from({ length: many }, (_, index) => item(index)).join(', ');

  it.each([
    ['missing members', broken('    - name: redis\n      version: ^7.0.0\n', `    [${list(() => '{}')}]\n`)],
    ['unknown keys', broken('    image:', `    x: {${list((index) => `k${index}: 1`)}}\n    image:`)],
    [
      'unknown parameters',
      broken('    image:', `    args: [${list((index) => `"$p${index}"`)}]\n    image:`).replace(
        '      password:',
        `      ? q\n      : {}\n      password:`,
      ),
    ],
  ])('because of %s, is refused quickly and shown in part', (_what, text) => {
    const started = performance.now();
    const error = failureOf(text);
    expect(error.details.issues?.length).toBeLessThanOrEqual(50);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
