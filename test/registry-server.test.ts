import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ChandleryError } from '../src/domain/errors.ts';
import { startRegistryServer } from '../src/registry.ts';
import { readRegistryServerConfig } from '../src/registry-config.ts';
import { createRegistryFolder } from './support/registry-folder.ts';

const TOKEN = 'registry-token-0123456789';

describe('readRegistryServerConfig', () => {
  it('has defaults for all but the folder', () => {
    expect(readRegistryServerConfig({ CHANDLERY_TEMPLATES_DIR: '/srv/templates' })).toEqual({
      port: 7421,
      host: '127.0.0.1',
      name: 'registry',
      templatesDir: '/srv/templates',
    });
  });

  it.each([
    [{}, 'CHANDLERY_TEMPLATES_DIR'],
    [{ CHANDLERY_TEMPLATES_DIR: '/x', CHANDLERY_PORT: '70000' }, 'CHANDLERY_PORT'],
    [{ CHANDLERY_TEMPLATES_DIR: '/x', CHANDLERY_REGISTRY_TOKEN: 'short' }, 'CHANDLERY_REGISTRY_TOKEN'],
    [{ CHANDLERY_TEMPLATES_DIR: '/x', CHANDLERY_REGISTRY_TOKEN: 'with a space in it' }, 'CHANDLERY_REGISTRY_TOKEN'],
  ])('fails with config_invalid for %j, naming the variable and not its value', (env, name) => {
    try {
      readRegistryServerConfig(env as Record<string, string>);
      throw new Error('nothing was thrown');
    } catch (error) {
      expect(error).toBeInstanceOf(ChandleryError);
      expect((error as ChandleryError).message).toContain(name);
      expect((error as ChandleryError).message).not.toContain('short ');
    }
  });
});

describe('the stand-alone registry', () => {
  it('answers only with its token, as bearer or as the password of basic auth', async () => {
    const folder = await createRegistryFolder([{ name: 'redis', version: '7.0.0' }]);
    const server = await startRegistryServer({
      port: 0,
      host: '127.0.0.1',
      name: 'registry',
      templatesDir: folder.dir,
      token: TOKEN,
    });
    const status = async (authorization?: string) => {
      const call = request(server.url).get('/api/v1/search');
      return (await (authorization === undefined ? call : call.set('authorization', authorization))).status;
    };
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await status(`Bearer ${TOKEN}`)).toBe(200);
    expect(await status(`bearer ${TOKEN}`)).toBe(200);
    expect(await status(basic(`anyone:${TOKEN}`))).toBe(200);
    for (const wrong of [undefined, '', TOKEN, `Bearer ${TOKEN}x`, 'Bearer ', basic('anyone:'), basic(TOKEN), 'Basic %%%'])
      expect(await status(wrong)).toBe(401);
    const refused = await request(server.url).get('/api/v1/search');
    expect(refused.body.code).toBe('unauthenticated');
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect((await request(server.url).get('/healthz')).body).toEqual({ ok: true });
    await server.close();
    await folder.remove();
  });
});
