import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AddedRegistriesLab, REGISTRIES as PATH, UPSTREAM_TOKEN as TOKEN, until } from '../support/added-registries.ts';

/** Registries of the API on several real servers with one database. */

/** As two machines would be configured: what is in one's data directory, the other does not have. */
const SHARED = { DATABASE_URL: 'postgres://elsewhere', CHANDLERY_CODEC_KEY: Buffer.alloc(32, 7).toString('base64') };
const lab = new AddedRegistriesLab();
const { servers } = lab;
beforeAll(() => lab.open(), 60_000);
afterEach(() => servers.reset(), 30_000);
afterAll(() => lab.close(), 60_000);

describe('a second server on the same database', () => {
  it('has, changes and loses a registry without being asked', async () => {
    const [one, two] = [await servers.start(SHARED), await servers.start(SHARED)];
    await lab.add(one);
    await until(async () => (await lab.names(two)).includes('extra'));
    expect(await lab.found(two, '&registry=extra')).toEqual(['extra/brig', 'extra/sloop']);
    await two.admin.call('PATCH', `${PATH}/extra`, { type: 'official' });
    await until(async () => (await one.admin.get(`${PATH}/extra`)).body.type === 'official');
    await one.admin.call('DELETE', `${PATH}/extra`);
    await until(async () => !(await lab.names(two)).includes('extra'));
  });

  it('catches up after its connection broke, and looks before it refuses a name', async () => {
    const [one, two] = [await servers.start(SHARED), await servers.start(SHARED)];
    await servers.db.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chandlery-changes'");
    await lab.add(one);
    expect((await two.admin.get('/api/v1/templates/brig?registry=extra')).body).toMatchObject({ registry: 'extra' });
    await until(async () => (await lab.names(two)).includes('extra'));
  });

  it('that has another file leaves the listings of the first alone', async () => {
    const file = (name: string) =>
      `registries: [{name: ${name}, type: private, url: "${lab.url}", credentials: {type: token, token: ${TOKEN}}}]`;
    const one = await servers.start({}, file('first'));
    expect(await lab.found(one, '&registry=first')).toHaveLength(2);
    const two = await servers.start({}, file('second'));
    expect(await lab.found(two, '&registry=second')).toHaveLength(2);
    const { rows } = await servers.db.query(
      "select registry from catalog_listings where registry in ('first', 'second') order by 1",
    );
    expect(rows.map(({ registry }) => registry)).toEqual(['first', 'second']);
    expect((await one.admin.get(`${PATH}/first`)).body).toMatchObject({ status: 'ok', templates: 2 });
  });

  it('needs the same key: without one no credential is taken, with another the registry is told to be of no use', async () => {
    const bare = await servers.start({ DATABASE_URL: 'postgres://elsewhere' });
    const refused = await lab.add(bare);
    expect(refused.body).toMatchObject({ code: 'config_invalid', detail: expect.stringContaining('CHANDLERY_CODEC_KEY') });
    expect((await lab.add(bare, { name: 'open', credentials: undefined })).status).toBe(201);
    const one = await servers.start(SHARED);
    await lab.add(one);
    const other = await servers.start({ ...SHARED, CHANDLERY_CODEC_KEY: Buffer.alloc(32, 8).toString('base64') });
    expect((await other.admin.get(`${PATH}/extra`)).body).toMatchObject({
      status: 'disabled',
      origin: 'api',
      message: expect.stringMatching(/another key.*CHANDLERY_CODEC_KEY/),
    });
    // It can be mended there: the credential is given again.
    const mended = await other.admin.call('PATCH', `${PATH}/extra`, { credentials: { type: 'token', token: TOKEN } });
    expect(mended.body).toMatchObject({ origin: 'api', credential: 'token' });
  });
});
