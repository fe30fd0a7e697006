import type { DemoSet, Stage } from '../stage.ts';

/** A registry that breaks: the install fails and leaves nothing; the registry is mended; the replay takes up where it failed. */
export async function failUndoReplay(stage: Stage, { client, registry }: DemoSet): Promise<void> {
  stage.chapter('Installing gitea from a registry that fails');
  registry.setFaults([{ kind: 'status', status: 503, path: '/archive' }]);
  const failed = await stage.follow(client, await client.install('forge', 'gitea'));
  stage.claim(
    failed.state === 'failed' && failed.failure?.code === 'registry_unavailable',
    'it failed, and says why and what to do',
  );
  const left = await client.get('/api/v1/installs?namespace=forge');
  stage.claim(left.body.installs.length === 0, 'nothing of it was left in the namespace');

  stage.chapter('The registry is mended; the operation is replayed from the step that failed');
  registry.setFaults([]);
  const answer = await client.call('POST', `/api/v1/operations/${failed.id}/replay`, { from: 'auto' });
  stage.detail(`replay from ${answer.body.from}, keeping ${answer.body.keeps.join(', ')}`);
  const replayed = await stage.follow(client, answer.body.operation);
  stage.claim(replayed.state === 'succeeded', 'the replay succeeded');
  stage.claim(
    answer.body.from === 'download' && replayed.steps.slice(0, 3).every((step) => step.kept),
    'the first three steps were kept',
  );
}
