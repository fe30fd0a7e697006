import { describe, expect, it } from '@jest/globals';
import type { KubeObject, ObjectRef } from '../../../src/domain/cluster.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { outputsOf } from '../../../src/domain/render/index.ts';
import type { TemplateOutput } from '../../../src/domain/template.ts';
import { deployment, http, image, manifestsTemplate, render, workloadTemplate } from './support.ts';
import '../../support/matchers.ts';

const properties = { password: { type: 'string', 'x-chandlery': { generated: 'password' } } };
const none = async () => undefined;

function workload(outputs: object[], more: object = {}) {
  return render({
    manifest: workloadTemplate({
      workload: { image, ports: [http, { name: 'metrics', port: 9090 }], ...more },
      properties,
      spec: { outputs },
    }),
  });
}

function manifests(outputs: TemplateOutput[], ...documents: object[]) {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  return render({ manifest: manifestsTemplate({}, { outputs }), files: new Map([['manifests/a.yaml', text]]) });
}

const service = (name: string, ports: object[], spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports, ...spec },
});

async function outputOf(
  rendered: Parameters<typeof outputsOf>[0],
  read: (ref: ObjectRef) => Promise<KubeObject | undefined> = none,
) {
  const [view] = await outputsOf(rendered, read, deployment);
  return view;
}

describe('an output from a Service', () => {
  it.each([
    [{ port: 'http' }, 'notes.shop.svc:80'],
    [{ port: 8080 }, 'notes.shop.svc:80'],
    [{ port: 80 }, 'notes.shop.svc:80'],
    [{}, 'notes.shop.svc:80'],
    [{ port: 'http', scheme: 'http' }, 'http://notes.shop.svc'],
    [{ port: 'http', scheme: 'https' }, 'https://notes.shop.svc:80'],
    [{ port: 'metrics', scheme: 'http', path: '/x' }, 'http://notes.shop.svc:9090/x'],
  ])('of %j is %s', async (output, value) => {
    expect((await outputOf(workload([{ name: 'a', from: 'service', ...output }])))?.value).toBe(value);
  });

  it("is the deployment's own before others, and one that has the port", async () => {
    const grpc = { name: 'grpc', port: 7070 };
    const output: TemplateOutput = { name: 'a', from: 'service', port: 'grpc' };
    expect(
      (await outputOf(manifests([output], service('b', [grpc]), service('a', [{ name: 'web', port: 80 }]), service('c', [grpc]))))
        ?.value,
    ).toBe('b.shop.svc:7070');
    expect((await outputOf(manifests([output], service('b', [grpc]), service('notes', [grpc]))))?.value).toBe(
      'notes.shop.svc:7070',
    );
    expect(await outputOf(manifests([output], service('b', [])))).toEqual({
      name: 'a',
      secret: false,
      note: 'it has no Service with port grpc',
    });
  });

  it('is the address of a load balancer once it has one', async () => {
    const rendered = manifests(
      [{ name: 'a', from: 'service', scheme: 'http' }],
      service('b', [{ port: 80 }], { type: 'LoadBalancer' }),
    );
    const live = (ingress: object[]) => async (ref: ObjectRef) => ({
      ...ref,
      metadata: { name: ref.name },
      status: { loadBalancer: { ingress } },
    });
    expect((await outputOf(rendered, live([{ ip: '192.0.2.1' }])))?.value).toBe('http://192.0.2.1');
    expect((await outputOf(rendered, live([{ hostname: 'lb.example.org' }])))?.value).toBe('http://lb.example.org');
    expect(await outputOf(rendered, live([]))).toMatchObject({
      value: 'http://b.shop.svc',
      note: 'it has no address outside the cluster yet',
    });
  });
});

describe('an output from an Ingress', () => {
  const output = { name: 'url', from: 'ingress' };

  it('is the URL of the first domain', async () => {
    expect(
      (await outputOf(workload([output], { domains: [{ host: 'a.org', path: '/app', tls: true }, { host: 'b.org' }] })))?.value,
    ).toBe('https://a.org/app');
    expect((await outputOf(workload([{ ...output, path: '/login' }], { domains: [{ host: 'b.org' }] })))?.value).toBe(
      'http://b.org/login',
    );
  });

  it('has a note when there is none', async () => {
    expect(await outputOf(workload([output]))).toEqual({
      name: 'url',
      secret: false,
      note: 'it has no domain, so it is reached from inside the cluster only',
    });
  });
});

describe('an output from a Secret', () => {
  const rendered = workload([{ name: 'password', description: 'Of the user app.', from: 'secret', key: 'password' }]);
  const secret = (data: object) => async (ref: ObjectRef) =>
    ref.name === 'notes' ? { ...ref, metadata: { name: ref.name }, data } : undefined;

  it('is read from the cluster and marked', async () => {
    expect(await outputOf(rendered, secret({ password: Buffer.from('hunter2 ü').toString('base64') }))).toEqual({
      name: 'password',
      description: 'Of the user app.',
      secret: true,
      value: 'hunter2 ü',
    });
  });

  it('has a note when it is not there or may not be read', async () => {
    const forbidden = async () => {
      throw new ChandleryError('forbidden', 'no');
    };
    expect(await outputOf(rendered, secret({}))).toMatchObject({ note: 'the Secret notes has no entry password' });
    expect(await outputOf(rendered)).toMatchObject({ note: 'there is no Secret notes' });
    expect(await outputOf(rendered, forbidden)).toEqual({
      name: 'password',
      description: 'Of the user app.',
      secret: true,
      note: 'you may not read the Secret notes in namespace shop',
    });
  });

  it('fails as the reading does when the cluster is away', async () => {
    const away = async () => {
      throw new ChandleryError('cluster_unavailable', 'no');
    };
    await expect(outputOf(rendered, away)).toFailWith('cluster_unavailable');
  });
});

describe('an output with a value', () => {
  it('is that', async () => {
    expect(await outputOf(workload([{ name: 'user', from: 'value', value: 'app' }]))).toEqual({
      name: 'user',
      secret: false,
      value: 'app',
    });
  });
});
