import type { DemoSet, Stage } from '../stage.ts';

/** Something still needs redis: it cannot be uninstalled before shop. */
export async function refusedUninstall(stage: Stage, { client }: DemoSet): Promise<void> {
  stage.chapter('Uninstalling redis while shop needs it');
  const refused = await stage.follow(client, await client.uninstall('demo', 'redis'));
  stage.claim(refused.failure?.code === 'in_use', 'it was refused, and the dependent is named');

  stage.chapter('Uninstalling shop, then redis and web-app');
  for (const name of ['shop', 'redis', 'web-app']) {
    const done = await stage.follow(client, await client.uninstall('demo', name));
    stage.claim(done.state === 'succeeded', `${name} is uninstalled`);
  }
  const { body } = await client.get('/api/v1/installs?namespace=demo');
  stage.claim(body.installs.length === 0, 'the namespace is empty again');
}
