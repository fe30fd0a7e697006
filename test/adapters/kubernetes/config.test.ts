import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectionOf, loadKubeConfig } from '../../../src/adapters/kubernetes/config.ts';
import { kubeconfigText } from './support/api-server.ts';

const SECRET = 'do-not-show-me';
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'chandlery-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

const read = async (file: string, context?: string) =>
  connectionOf(await loadKubeConfig({ file, ...(context !== undefined && { context }) }));

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: unknown) =>
      JSON.stringify([String(error), (error as { cause?: unknown }).cause, (error as { details?: unknown }).details]),
  );

describe('a kubeconfig', () => {
  it('gives the address, the authority and the token', async () => {
    const caData = Buffer.from('the CA').toString('base64');
    const text = kubeconfigText({ server: 'https://[::1]:6443/k8s/c/1/', 'certificate-authority-data': caData }, { token: 't' });
    expect(await read(write('plain', text))).toEqual({
      host: '::1',
      port: 6443,
      basePath: '/k8s/c/1',
      server: 'https://[::1]:6443',
      headers: { Authorization: 'Bearer t' },
      tls: { rejectUnauthorized: true, ca: Buffer.from('the CA') },
    });
  });

  it('gives client certificates, of files beside it too', async () => {
    write('client.crt', 'the certificate');
    write('client.key', 'the key');
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const { tls } = await read(write('certificates', kubeconfigText({ server: 'https://a.example' }, user)));
    expect(tls).toEqual({ rejectUnauthorized: true, cert: Buffer.from('the certificate'), key: Buffer.from('the key') });
  });

  it('takes the token from tokenFile, without its newline, as kubectl does', async () => {
    write('token', 'from-file\n');
    const file = write('token-file', kubeconfigText({ server: 'https://a.example' }, { tokenFile: 'token', token: 'old' }));
    expect((await read(file)).headers).toEqual({ Authorization: 'Bearer from-file' });
  });

  it('runs a credential plugin', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-plugin' },
    };
    const exec = { apiVersion: credential.apiVersion, command: 'printf', args: ['%s', JSON.stringify(credential)] };
    const file = write('plugin', kubeconfigText({ server: 'https://a.example' }, { exec }));
    expect((await read(file)).headers).toEqual({ Authorization: 'Bearer from-plugin' });
  });

  it('chooses the context that is named', async () => {
    const context = { context: { cluster: 'other', user: 'test' }, name: 'other' };
    const config = JSON.parse(kubeconfigText({ server: 'https://a.example' }));
    config.clusters.push({ name: 'other', cluster: { server: 'https://b.example' } });
    config.contexts.push(context);
    const file = write('contexts', JSON.stringify(config));
    expect((await read(file)).host).toBe('a.example');
    expect((await read(file, 'other')).host).toBe('b.example');
    await expect(read(file, 'third')).toFailWith('config_invalid');
  });

  it('may be several files, of which the first decides and missing ones are passed over', async () => {
    const first = write(
      'first',
      JSON.stringify({ clusters: [{ name: 'test', cluster: { server: 'https://first.example' } }], 'current-context': 'test' }),
    );
    const second = write(
      'second',
      JSON.stringify({ ...JSON.parse(kubeconfigText({})), clusters: [], 'current-context': 'elsewhere' }),
    );
    const files = [join(directory, 'missing'), first, second].join(delimiter);
    expect((await read(files)).host).toBe('first.example');
  });
});

describe('a kubeconfig that cannot be used', () => {
  it('fails with cluster_unavailable when it is not there or none is named', async () => {
    await expect(read(join(directory, 'missing'))).toFailWith('cluster_unavailable');
    await expect(loadKubeConfig({})).toFailWith('cluster_unavailable');
  });

  it.each([
    ['not YAML', `users: [{name: test, user: {token: ${SECRET}`],
    ['empty', ''],
    ['a list', '[]'],
    ['http', kubeconfigText({ server: 'http://127.0.0.1:8080' }, { token: SECRET })],
    ['http with skipped verification', kubeconfigText({ server: 'http://a.example', 'insecure-skip-tls-verify': true })],
    ['no URL', kubeconfigText({ server: 'nonsense' }, { token: SECRET })],
    ['no server', kubeconfigText({}, { token: SECRET })],
    ['a proxy', kubeconfigText({ server: 'https://a.example', 'proxy-url': 'http://proxy.example' }, { token: SECRET })],
    ['no context', JSON.stringify({ clusters: [], users: [{ name: 'test', user: { token: SECRET } }] })],
  ])('fails with config_invalid and shows no credential: %s', async (name, text) => {
    const file = write(name.replaceAll(' ', '-'), text);
    await expect(read(file)).toFailWith('config_invalid');
    expect(await failureOf(read(file))).not.toContain(SECRET);
  });

  it.each([
    ['fails', ['sh', '-c', `echo ${SECRET} >&2; exit 1`]],
    ['prints nonsense', ['echo', `${SECRET} is not JSON`]],
    ['does not exist', ['no-such-program-of-ours']],
  ])('fails with cluster_unavailable and shows nothing of a plugin that %s', async (name, [command, ...args]) => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args };
    const file = write(name.replaceAll(' ', '-'), kubeconfigText({ server: 'https://a.example' }, { exec }));
    await expect(read(file)).toFailWith('cluster_unavailable');
    expect(await failureOf(read(file))).not.toContain(`${SECRET}`);
  });
});
