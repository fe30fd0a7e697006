/** What a user needs once a deployment runs, read from the cluster as that user. */

import type { KubeObject, ObjectRef } from '../cluster.ts';
import type { OutputView } from '../deployment.ts';
import type { DeploymentKey } from '../deployment-store.ts';
import { ChandleryError } from '../errors.ts';
import { countAt, listAt, textAt, valueAt } from '../object-fields.ts';
import type { Rendered, RenderedObject } from '../rendered.ts';
import type { TemplateOutput } from '../template.ts';
import { nameOf } from './workload-context.ts';

/** Reads an object as the asking user; undefined when it is not there. */
export type ReadObject = (ref: ObjectRef) => Promise<KubeObject | undefined>;

interface Source {
  objects: RenderedObject[];
  read: ReadObject;
  deployment: DeploymentKey;
}

type Value = Pick<OutputView, 'value' | 'note'>;

const DEFAULT_PORTS: Record<string, number> = { http: 80, https: 443 };

function ofKind({ objects, deployment }: Source, kind: string): KubeObject[] {
  const main = nameOf({ deployment });
  const found = objects.filter(({ ref }) => ref.kind === kind).map(({ object }) => object);
  // The one that is named like the deployment is the one that is meant; the others follow in order of their names.
  return [...found.filter(({ metadata }) => metadata.name === main), ...found.filter(({ metadata }) => metadata.name !== main)];
}

function portOf(service: KubeObject, wanted: TemplateOutput['port']): number | undefined {
  const ports = listAt(service, 'spec', 'ports');
  const fits = (port: object) =>
    wanted === undefined ||
    [valueAt(port, 'name'), valueAt(port, 'port'), valueAt(port, 'targetPort')].some((known) => known === wanted);
  return countAt(ports.find(fits), 'port');
}

function urlOf(scheme: string, host: string, port: number | undefined, path = ''): string {
  const shown = port === undefined || DEFAULT_PORTS[scheme] === port ? '' : `:${port}`;
  return `${scheme}://${host}${shown}${path}`;
}

/** The address that a load balancer has given, and whether one is waited for. */
async function externalHost(service: KubeObject, read: ReadObject): Promise<{ host?: string; waiting?: boolean }> {
  if (textAt(service, 'spec', 'type') !== 'LoadBalancer') return {};
  const { apiVersion, kind, metadata } = service;
  const live = await readOr(read, {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
  });
  const [first] = listAt(live.object, 'status', 'loadBalancer', 'ingress');
  const host = textAt(first, 'hostname') ?? textAt(first, 'ip');
  return host === undefined ? { waiting: true } : { host };
}

async function serviceValue(source: Source, { port: wanted, scheme, path }: TemplateOutput): Promise<Value> {
  for (const service of ofKind(source, 'Service')) {
    const port = portOf(service, wanted);
    if (port === undefined) continue;
    const { host, waiting } = await externalHost(service, source.read);
    const inside = `${service.metadata.name}.${service.metadata.namespace ?? source.deployment.namespace}.svc`;
    const value = scheme === undefined ? `${host ?? inside}:${port}` : urlOf(scheme, host ?? inside, port, path);
    return waiting ? { value, note: 'it has no address outside the cluster yet' } : { value };
  }
  return { note: wanted === undefined ? 'it has no Service' : `it has no Service with port ${wanted}` };
}

function ingressValue(source: Source, { path }: TemplateOutput): Value {
  for (const ingress of ofKind(source, 'Ingress')) {
    const rule = listAt(ingress, 'spec', 'rules').find((candidate) => textAt(candidate, 'host') !== undefined);
    const host = textAt(rule, 'host');
    if (host === undefined) continue;
    const secured = listAt(ingress, 'spec', 'tls').some((tls) => [valueAt(tls, 'hosts')].flat().includes(host));
    const own = textAt(listAt(rule, 'http', 'paths')[0], 'path') ?? '/';
    return { value: urlOf(secured ? 'https' : 'http', host, undefined, path ?? own) };
  }
  return { note: 'it has no domain, so it is reached from inside the cluster only' };
}

/** Missing rights are no failure of the whole: the other outputs are still told. */
async function readOr(read: ReadObject, ref: ObjectRef): Promise<{ object?: KubeObject | undefined; forbidden?: boolean }> {
  try {
    return { object: await read(ref) };
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'forbidden') return { forbidden: true };
    throw error;
  }
}

async function secretValue({ read, deployment }: Source, { secretName, key = '' }: TemplateOutput): Promise<Value> {
  const name = secretName ?? nameOf({ deployment });
  const { object, forbidden } = await readOr(read, { apiVersion: 'v1', kind: 'Secret', namespace: deployment.namespace, name });
  if (forbidden) return { note: `you may not read the Secret ${name} in namespace ${deployment.namespace}` };
  if (object === undefined) return { note: `there is no Secret ${name}` };
  const { data } = object as { data?: Record<string, unknown> };
  const encoded = data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof encoded === 'string'
    ? { value: Buffer.from(encoded, 'base64').toString('utf8') }
    : { note: `the Secret ${name} has no entry ${key}` };
}

function valueFor(source: Source, output: TemplateOutput): Promise<Value> | Value {
  switch (output.from) {
    case 'service':
      return serviceValue(source, output);
    case 'ingress':
      return ingressValue(source, output);
    case 'secret':
      return secretValue(source, output);
    case 'value':
      return { value: output.value ?? '' };
  }
}

/**
 * The outputs of a deployment, in the template's order. `read` reads as the asking user; what he may not read has a note in place of its value.
 * Fails as `read` does, but for `forbidden`.
 */
export function outputsOf(
  rendered: Pick<Rendered, 'objects' | 'outputs'>,
  read: ReadObject,
  deployment: DeploymentKey,
): Promise<OutputView[]> {
  const source = { objects: rendered.objects, read, deployment };
  return Promise.all(
    rendered.outputs.map(async (output): Promise<OutputView> => {
      const { name, description, from, secret = from === 'secret' } = output;
      return { name, ...(description === undefined ? {} : { description }), secret, ...(await valueFor(source, output)) };
    }),
  );
}
