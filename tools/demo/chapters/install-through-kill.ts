import type { DemoSet, Stage } from '../stage.ts';

/** Slow enough that the download is under way when its worker is killed. */
const SLOW_BYTES_PER_SECOND = 3_000;

/** The main job: shop with its dependencies, while the worker that downloads is killed with SIGKILL. */
export async function installThroughKill(stage: Stage, set: DemoSet): Promise<void> {
  const { client, lab, registry } = set;
  stage.chapter('Installing shop (it needs redis and web-app), and killing its worker while it downloads');
  registry.setFaults([{ kind: 'throttle', bytesPerSecond: SLOW_BYTES_PER_SECOND, path: '/archive' }]);
  const id = await client.install('demo', 'shop');
  const operation = await stage.follow(client, id, async ({ steps }) => {
    const downloading = steps.some((step) => step.name === 'download' && step.state === 'running' && (step.bytes?.done ?? 0) > 0);
    if (!downloading || stage.kills > 0) return;
    const { pid } = set.worker;
    const { signal } = await set.worker.kill();
    stage.kills += 1;
    stage.detail(`!! worker ${pid} is gone (${signal}); a new one starts`);
    registry.setFaults([]);
    set.worker = await lab.startWorker();
  });
  registry.setFaults([]);
  const download = operation.steps.find((step) => step.name === 'download');
  stage.claim(stage.kills === 1, 'the worker was killed in the middle of the download');
  stage.claim(operation.state === 'succeeded', 'the operation carried on and succeeded');
  stage.claim(download?.attempts[0]?.outcome === 'worker_lost', 'the lost attempt is on record');
  const { body } = await client.get('/api/v1/installs?namespace=demo');
  for (const install of body.installs)
    stage.detail(`installed: ${install.name} ${install.version} (${install.trust.note.slice(0, 60)}...)`);
  stage.claim(body.installs.length === 3, 'shop, redis and web-app are installed, each once');
}
