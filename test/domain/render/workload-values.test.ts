// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { containerOf, image, objectOf, render, workloadTemplate } from './support.ts';

describe('variables', () => {
  const properties = { level: { type: 'string' }, limits: { type: 'object' }, off: { type: 'boolean' } };
  const env = (entries: object[], parameters = {}) => containerOf({ env: entries }, parameters, properties).env;

  it('carry values, parameters and references', () => {
    const entries = [
      { name: 'A', value: 'x' },
      { name: 'B', parameter: 'limits' },
      { name: 'C', secretRef: { name: 's', key: 'k', optional: true } },
      { name: 'D', configRef: { name: 'c', key: 'k' } },
      { name: 'E', value: 'level ${level}' },
    ];
    expect(env(entries, { limits: { b: 1, a: 2 }, level: 'info' })).toEqual([
      { name: 'A', value: 'x' },
      { name: 'B', value: '{"a":2,"b":1}' },
      { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
      { name: 'D', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
      { name: 'E', value: 'level info' },
    ]);
  });

  it('are left out when their parameter has no value, or their condition does not hold', () => {
    const entries = [
      { name: 'A', parameter: 'level' },
      { name: 'B', value: '${level}' },
      { name: 'C', value: 'x', when: 'off' },
      { name: 'D', value: 'x', when: 'level' },
    ];
    expect(env(entries)).toBeUndefined();
    expect(env(entries, { level: '', off: false })).toEqual([
      { name: 'A', value: '' },
      { name: 'B', value: '' },
    ]);
    expect(env(entries, { level: 'x', off: true })).toHaveLength(4);
  });

  it('are there once, the later one', () => {
    expect(
      env([
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
        { name: 'A', value: '3' },
      ]),
    ).toEqual([
      { name: 'B', value: '2' },
      { name: 'A', value: '3' },
    ]);
  });

  it('arrive as given where Kubernetes would expand $(NAME)', () => {
    const level = '$(SECRET) $$ $x $';
    const escaped = '$$(SECRET) $$$ $x $$';
    expect(
      env(
        [
          { name: 'A', parameter: 'level' },
          { name: 'B', value: '${level}' },
          { name: 'C', value: '$(A) $$x ${level}(B)' },
        ],
        { level },
      ),
    ).toEqual([
      { name: 'A', value: escaped },
      { name: 'B', value: escaped },
      { name: 'C', value: `$(A) $x ${escaped}(B)` },
    ]);
  });
});

describe('secret parameters', () => {
  const properties = {
    password: { type: 'string', 'x-chandlery': { generated: 'password', secret: true } },
    token: { type: 'string', 'x-chandlery': { secret: true } },
    tls: { 'x-chandlery': { generated: 'certificate' } },
  };
  const env = [
    { name: 'PASSWORD', parameter: 'password' },
    { name: 'TOKEN', parameter: 'token' },
    { name: 'TLS_KEY', parameter: 'tls' },
    { name: 'TLS_CERT', parameter: 'tls' },
  ];
  const volumes = [
    { name: 'tls', path: '/tls', secret: { parameter: 'tls' } },
    { name: 'token', path: '/token', secret: { parameter: 'token' } },
  ];
  const withSecrets = (secretNames: string[], workload: object = { env, volumes }) =>
    render({ manifest: workloadTemplate({ workload: { image, ...workload }, properties }), secretNames });

  it('go through the own Secret', () => {
    const result = withSecrets(['token']);
    expect(Object.keys(objectOf(result, 'Secret').stringData as object)).toEqual(['password', 'tls.crt', 'tls.key', 'token']);
    const pod = (
      objectOf(result, 'Deployment').spec as { template: { spec: { containers: Array<{ env: object[] }>; volumes: object[] } } }
    ).template.spec;
    expect(
      pod.containers[0]?.env.map((entry) => (entry as { valueFrom: { secretKeyRef: object } }).valueFrom.secretKeyRef),
    ).toEqual([
      { name: 'notes', key: 'password' },
      { name: 'notes', key: 'token' },
      { name: 'notes', key: 'tls.key' },
      { name: 'notes', key: 'tls.crt' },
    ]);
    expect(pod.volumes).toEqual([
      {
        name: 'tls',
        secret: {
          secretName: 'notes',
          items: [
            { key: 'tls.crt', path: 'tls.crt' },
            { key: 'tls.key', path: 'tls.key' },
          ],
        },
      },
      { name: 'token', secret: { secretName: 'notes', items: [{ key: 'token', path: 'token' }] } },
    ]);
  });

  it('are left out when they have no value', () => {
    const container = JSON.stringify(objectOf(withSecrets([]), 'Deployment'));
    expect(container).not.toContain('token');
    expect(Object.keys(objectOf(withSecrets([]), 'Secret').stringData as object)).toEqual(['password', 'tls.crt', 'tls.key']);
  });

  it('have no Secret when nothing uses them, and one when an output does', () => {
    expect(withSecrets(['token'], {}).objects.map(({ ref }) => ref.kind)).not.toContain('Secret');
    const outputs = [{ name: 'password', from: 'secret', key: 'password' }];
    const result = render({ manifest: workloadTemplate({ workload: { image }, properties, spec: { outputs } }) });
    expect(Object.keys(objectOf(result, 'Secret').stringData as object)).toEqual(['password']);
    expect(result.outputs).toEqual([{ name: 'password', from: 'secret', key: 'password', secretName: 'notes' }]);
  });

  it('are described, made up or not', () => {
    expect(withSecrets([]).secrets.map(({ name, present }) => [name, present])).toEqual([
      ['password', true],
      ['token', false],
      ['tls', true],
    ]);
  });
});
