// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { SETTLED_SCHEMA } from '../../../src/domain/render/workload-check.ts';
import { deployment, render, workloadTemplate } from './support.ts';
import '../../support/matchers.ts';

const image = 'example.org/notes:1.4.0';
const properties = {
  text: { type: 'string' },
  anything: {},
  max: { type: 'integer' },
  secret: { type: 'string', 'x-chandlery': { secret: true } },
};

function failureOf(workload: Record<string, unknown>, parameters: Record<string, unknown> = {}, spec = {}): ChandleryError {
  try {
    render({ manifest: workloadTemplate({ workload: { image, ...workload }, properties, spec }), parameters });
  } catch (error) {
    if (error instanceof ChandleryError) return error;
    throw error;
  }
  throw new Error('expected the rendering to fail');
}

describe('a parameter that does not fit its place', () => {
  it.each([
    ['a count', { replicas: '${anything}' }, { anything: 'many' }, 'must be a whole number, not text'],
    ['a count, by a fraction', { replicas: '${anything}' }, { anything: 1.5 }, 'must be a whole number, not a number'],
    ['a count, by a reference as text', { replicas: '${anything}' }, { anything: '${max}' }, 'must be a whole number, not text'],
    ['a port', { ports: [{ name: 'http', port: '${anything}' }] }, { anything: 70000 }, 'must be at most 65535'],
    ['a size', { size: '${anything}' }, { anything: '${max}' }, '"${max}" does not fit: S, M, L or XL.'],
    ['a switch', { placement: { spot: '${anything}' } }, { anything: 'maybe' }, 'must be true or false, not text'],
    [
      'a quantity',
      { resources: { requests: { cpu: '${anything}' } } },
      { anything: '1 GB' },
      '"1 GB" does not fit: A Kubernetes quantity such as 250m, 512Mi or 10Gi in quotes.',
    ],
    [
      'an image',
      { image: '${text}' },
      { text: 'two words' },
      '"two words" is not an image reference such as registry.example.org/name:1.0',
    ],
    [
      'a maximum below the minimum',
      { replicas: 3, scaling: { max: '${max}' } },
      { max: 2 },
      'must be at least 3, the lowest number of replicas',
    ],
  ])('fails for %s, naming the parameter', (_what, workload, parameters, message) => {
    const { code, details } = failureOf(workload, parameters);
    const [name] = Object.keys(parameters);
    expect([code, details.issues]).toEqual([
      'parameter_invalid',
      [{ path: `/${name}`, message: expect.stringContaining(message) }],
    ]);
    expect(details.issues?.[0]?.message).toContain('(in /spec/workload/');
  });
});

describe('a parameter without a value', () => {
  it.each([
    ['a member that is needed', { image: '${text}' }, 'is needed and has no value (in /spec/workload/image)'],
    ['a part of a text', { args: ['--to=${text}'] }, 'is needed for /spec/workload/args/0 of the template: give it a value'],
  ])('fails for %s', (_what, workload, message) => {
    const { code, details } = failureOf(workload);
    expect([code, details.issues]).toEqual(['parameter_invalid', [{ path: '/text', message }]]);
  });

  it('is fine with something to fall back to', () => {
    const manifest = workloadTemplate({ workload: { image, args: ['--to=${text:-nowhere}', 'x${text:-}y'] }, properties });
    const json = JSON.stringify(render({ manifest }).objects);
    expect(json).toContain('"args":["--to=nowhere","xy"]');
  });
});

describe('a fault of the template', () => {
  it.each([
    [
      'a port that is not there',
      { probes: { readiness: { http: { path: '/', port: 'web' } } } },
      '/spec/workload/probes/readiness/http/port: there is no port web here: there are none',
    ],
    [
      'a port twice',
      {
        ports: [
          { name: 'a', port: 1 },
          { name: 'a', port: 2 },
        ],
      },
      '/spec/workload/ports/1/name: port "a" is there twice',
    ],
    [
      'a volume twice',
      {
        volumes: [
          { name: 'a', path: '/a', empty: {} },
          { name: 'a', path: '/b', empty: {} },
        ],
      },
      '/spec/workload/volumes/1/name: volume "a" is there twice',
    ],
    [
      'a domain without a port',
      { ports: [{ name: 'a', port: 1, expose: false }], domains: [{ host: 'a.org' }] },
      '/spec/workload/domains/0: a domain needs a port',
    ],
    [
      'a run with replicas',
      { runOnce: true, volumes: [{ name: 'a', path: '/a', persistent: { size: '1Gi', perReplica: true } }] },
      '/spec/workload/volumes/0/persistent/perReplica: a scheduled or single run has no replicas',
    ],
    [
      'a plain parameter as a secret volume',
      { volumes: [{ name: 'a', path: '/a', secret: { parameter: 'text' } }] },
      '/spec/workload/volumes/0/secret/parameter: "text" is not secret',
    ],
  ])('fails with template_invalid for %s', (_what, workload, message) => {
    const { code, message: said } = failureOf(workload);
    expect([code, said]).toEqual(['template_invalid', expect.stringContaining(message)]);
  });

  it.each([
    [
      'a secret in a value',
      { name: 'a', from: 'value', value: 'x ${secret}' },
      'an output of a secret is `from: secret`, with its key',
    ],
    [
      'a parameter that is not declared',
      { name: 'a', from: 'value', value: '${txt}' },
      'there is no parameter "txt": did you mean "text"?',
    ],
    [
      'an entry that no parameter gives',
      { name: 'a', from: 'secret', key: 'text' },
      'no secret parameter gives the entry "text"',
    ],
  ])('fails with template_invalid for an output with %s', (_what, output, message) => {
    const { code, message: said } = failureOf({}, {}, { outputs: [output] });
    expect([code, said]).toEqual(['template_invalid', expect.stringContaining(message)]);
  });

  it('fails when a value is put in so often that the result is too large', () => {
    const args = Array.from({ length: 50 }, () => '${text}');
    expect(failureOf({ args }, { text: 'x'.repeat(60_000) }).code).toBe('template_invalid');
  });
});

describe('the schema after parameters were put in', () => {
  it('has no place left for a reference', () => {
    expect(JSON.stringify(SETTLED_SCHEMA)).not.toMatch(/\$\\*\{|written \$/);
  });
});

describe('other types of template', () => {
  it('fail with type_unsupported', async () => {
    const manifest = workloadTemplate({ workload: { image } });
    const helm = { ...manifest, spec: { type: 'helm' as const, content: { chart: 'chart' } } };
    await expect(() => render({ manifest: helm, deployment })).toFailWith('type_unsupported');
  });
});
