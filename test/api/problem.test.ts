import { describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { z } from 'zod';
import { notFoundMiddleware, parseWith, problemMiddleware, problemSchema } from '../../src/api/problem.ts';
import { ChandleryError, ERROR_CATALOGUE, type ErrorCode, type ErrorDetails } from '../../src/domain/errors.ts';

function app(failure: () => unknown, seen: unknown[] = []) {
  const created = express();
  created.use(express.json({ limit: 100 }));
  created.all('/fail', () => {
    throw failure();
  });
  created.get('/half', (_request, response) => {
    response.write('half');
    throw failure();
  });
  created.get('/items/:id', (_request, response) => void response.json({}));
  created.use(notFoundMiddleware());
  created.use(problemMiddleware({ onInternal: (error) => seen.push(error) }));
  return created;
}
const fail = (code: ErrorCode, details: ErrorDetails = {}) => app(() => new ChandleryError(code, 'what went wrong', details));

describe('problemMiddleware', () => {
  it('renders code, guidance and the place', async () => {
    const response = await request(fail('template_not_found', { template: 'redsi', alternatives: ['redis'] }))
      .get('/fail?token=secret')
      .set('x-request-id', 'r-1');
    expect(response.status).toBe(404);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.body).toEqual({
      type: '/errors/template_not_found',
      title: ERROR_CATALOGUE.template_not_found.title,
      status: 404,
      detail: 'what went wrong',
      code: 'template_not_found',
      guidance: ERROR_CATALOGUE.template_not_found.guidance,
      instance: '/fail',
      requestId: 'r-1',
      alternatives: ['redis'],
      templateError: { type: 'installation', template: 'redsi', details: { alternatives: ['redis'] }, severity: 'medium' },
    });
  });

  it.each(Object.keys(ERROR_CATALOGUE) as ErrorCode[])('renders %s as its schema says', async (code) => {
    const response = await request(fail(code)).get('/fail');
    expect(response.status).toBe(ERROR_CATALOGUE[code].status);
    expect(problemSchema.strict().parse(response.body).code).toBe(code);
  });

  it("adds reference 2's registry error, and Retry-After in whole seconds", async () => {
    const response = await request(fail('rate_limit', { registry: 'acme', upstreamStatus: 429, retryAfterMs: 1500 })).get(
      '/fail',
    );
    expect(response.headers['retry-after']).toBe('2');
    expect(response.body.registryError).toEqual({ type: 'rate_limit', registry: 'acme', message: 'what went wrong', code: 429 });
  });

  it('links the operation that stands in the way', async () => {
    const response = await request(fail('target_busy', { operation: 'install.local.a.b.1' })).get('/fail');
    expect(response.body).toMatchObject({
      operation: 'install.local.a.b.1',
      links: { operation: '/api/v1/operations/install.local.a.b.1' },
    });
  });

  it('hides what an unplanned error says, and tells the log', async () => {
    const seen: unknown[] = [];
    const response = await request(app(() => new Error('password is hunter2'), seen)).get('/fail');
    expect(response.status).toBe(500);
    expect(JSON.stringify(response.body)).not.toContain('hunter2');
    expect(seen).toHaveLength(1);
  });

  it('cuts the connection when half of an answer is out', async () => {
    await expect(request(app(() => new Error('x'))).get('/half')).rejects.toThrow(/aborted|hang up|reset/);
  });

  it('answers unknown paths, broken bodies and broken paths', async () => {
    const server = app(() => undefined);
    expect((await request(server).get('/nowhere')).body.code).toBe('not_found');
    const post = (body: string) => request(server).post('/fail').set('content-type', 'application/json').send(body);
    expect((await post('{"a":')).body).toMatchObject({ status: 400, code: 'invalid_request' });
    expect((await post(JSON.stringify('x'.repeat(200)))).body).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect((await request(server).get('/items/%E0%A4%A')).body).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('does not repeat a request id that is not plain', async () => {
    const response = await request(fail('not_found')).get('/fail').set('x-request-id', 'a b"c');
    expect(response.body.requestId).toBeUndefined();
  });
});

describe('parseWith', () => {
  const schema = z.strictObject({ name: z.string(), list: z.array(z.number()).optional() });
  it('returns the parsed value', () => {
    expect(parseWith(schema, { name: 'x' }, 'body')).toEqual({ name: 'x' });
  });
  it('fails with invalid_request, naming every place', () => {
    const run = () => parseWith(schema, { list: ['a'], extra: 1 }, 'body');
    expect(run).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        details: {
          issues: expect.arrayContaining([
            { path: 'body/extra', message: 'is not known here' },
            expect.objectContaining({ path: 'body/list/0' }),
          ]),
        },
      }),
    );
  });
});
