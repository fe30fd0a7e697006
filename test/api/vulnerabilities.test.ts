import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { advisoryOf } from '../support/vulnerabilities.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';

const PATH = '/api/v1/vulnerabilities';
const FILE = { name: 'npm', file: 'npm.zip', digest: `sha256:${'a'.repeat(64)}` };

let lab: DeployLab;
beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(`${lab.dev.url}${PATH}${path}`, {
    method,
    headers: { authorization: 'Bearer admin-token', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('vulnerability data over HTTP', () => {
  it('are imported in batches larger than other bodies may be, and are shown then', async () => {
    const begun = await call('POST', '/imports', FILE);
    expect(begun).toMatchObject({ status: 201, body: { import: { next: 0 } } });
    const { id } = begun.body.import as { id: string };
    const versions = Array.from({ length: 20_000 }, (_, at) => `1.0.0-${at}.aaaaaaaaaaaaaaaaaaaa`);
    const advisories = [advisoryOf('GHSA-1', 'left-pad', '1.0.0', { versions })];
    expect(await call('PUT', `/imports/${id}/batches/0`, { advisories })).toMatchObject({
      status: 200,
      body: { import: { id, next: 1 } },
    });
    expect(await call('GET', '')).toEqual({ status: 200, body: { sources: [] } });
    expect(await call('POST', `/imports/${id}/complete`, { batches: 2, entries: 1 })).toMatchObject({
      status: 422,
      body: { code: 'vulnerability_data_invalid' },
    });
    const source = { ...FILE, entries: 1, ecosystems: ['npm'], newest: '2026-11-20T00:00:00.000Z' };
    expect(await call('POST', `/imports/${id}/complete`, { batches: 1, entries: 1 })).toMatchObject({
      status: 200,
      body: source,
    });
    expect(await call('GET', '')).toMatchObject({ body: { sources: [source] } });
    expect(await call('POST', '/imports', FILE)).toMatchObject({ status: 200, body: { inUse: source } });
  });

  it('that are wrong are refused', async () => {
    const id = '00000000-0000-4000-8000-000000000001';
    const advisories = [advisoryOf('GHSA-1', 'left-pad', '1.0.0')];
    const codeOf = async (...words: Parameters<typeof call>) => (await call(...words)).body.code;
    expect(await codeOf('PUT', `/imports/${id}/batches/0`, { advisories })).toBe('not_found');
    expect(await codeOf('PUT', '/imports/none/batches/0', { advisories })).toBe('invalid_request');
    expect(await codeOf('PUT', `/imports/${id}/batches/-1`, { advisories })).toBe('invalid_request');
    expect(await codeOf('PUT', `/imports/${id}/batches/0`, { advisories: [{ ...advisories[0], more: 1 }] })).toBe(
      'invalid_request',
    );
    expect(await codeOf('PUT', `/imports/${id}/batches/0`, { advisories: [{ ...advisories[0], name: 'a\u0000' }] })).toBe(
      'invalid_request',
    );
    expect(await codeOf('PUT', `/imports/${id}/batches/0`, { advisories, filler: 'x'.repeat(5 * 1024 * 1024) })).toBe(
      'payload_too_large',
    );
    expect(await codeOf('POST', '/imports', { ...FILE, name: '../x' })).toBe('invalid_request');
    expect(await codeOf('POST', '/imports', { ...FILE, digest: 'sha256:1' })).toBe('invalid_request');
  });
});
