import { ChandleryError } from '../../src/domain/errors.ts';
import { archiveOf, postArchive } from '../../test/support/publishing.ts';
import { cancel, endedIn, pause } from './direct.ts';
import type { Studio, Take } from './studio.ts';

/** One function an outcome; each answers the id of the operation whose history is kept. Each uses a namespace of its own. */

/** Fails for good after the effect of the install step, so that there is something to undo. */
async function failAfterInstall(step: string, moment: string): Promise<void> {
  if (step === 'install' && moment === 'after')
    throw new ChandleryError('scan_blocked', 'refused after the effect, for the recording');
}

const installSucceeded: Take = (studio) =>
  studio.withWorker(async () => endedIn(studio, await studio.client.install('take-succeeded', 'shop'), 'succeeded'));

const installRefused: Take = (studio) =>
  studio.withWorker(async () => endedIn(studio, await studio.client.install('take-refused', 'redis@^99.0.0'), 'failed'));

const installKilled: Take = async (studio) => {
  const doomed = await studio.doomedWorker('download');
  const id = await studio.client.install('take-killed', 'shop');
  await doomed.exited;
  return studio.withWorker(() => endedIn(studio, id, 'succeeded'));
};

const installRetried: Take = async (studio) => {
  studio.shop.registry.setFaults([{ kind: 'status', status: 503, path: '/versions', times: 1 }]);
  return studio.withWorker(async () => endedIn(studio, await studio.client.install('take-retried', 'docs'), 'succeeded'));
};

const installUndone: Take = (studio) =>
  studio.withWorker(async () => endedIn(studio, await studio.client.install('take-undone', 'shop'), 'failed'), failAfterInstall);

const installReplayed: Take = async (studio) => {
  const failed = await studio.withWorker(
    async () => endedIn(studio, await studio.client.install('take-replayed', 'shop'), 'failed'),
    failAfterInstall,
  );
  return studio.withWorker(async () => endedIn(studio, await studio.client.replay(failed), 'succeeded'));
};

const installCancelled: Take = (studio) => {
  let id = '';
  return studio.withWorker(
    async () => {
      id = await studio.client.install('take-cancelled', 'shop');
      return endedIn(studio, id, 'cancelled');
    },
    async (step, moment) => {
      if (step !== 'install' || moment !== 'after') return;
      await cancel(studio, id);
      // The step hears of it by its heartbeat; it must still be running then.
      await pause(3_000);
    },
  );
};

/** The step fails by itself in the moment in which the operation is cancelled. */
const installCancelledWhileFailing: Take = (studio) => {
  let id = '';
  return studio.withWorker(
    async () => {
      id = await studio.client.install('take-cancelled-while-failing', 'shop');
      return endedIn(studio, id, 'cancelled');
    },
    async (step, moment) => {
      if (step !== 'download' || moment !== 'before') return;
      await cancel(studio, id);
      throw new ChandleryError('registry_unavailable', 'failed in the moment of the cancellation, for the recording');
    },
  );
};

const installCancelledInUndo: Take = (studio) => {
  let id = '';
  return studio.withWorker(
    async () => {
      id = await studio.client.install('take-cancelled-in-undo', 'shop');
      return endedIn(studio, id, 'failed');
    },
    async (step, moment) => {
      await failAfterInstall(step, moment);
      if (step === 'undo-install') await cancel(studio, id);
    },
  );
};

const installOverdue: Take = async (studio) => {
  const hurried = await studio.hurried(2_000);
  studio.shop.registry.setFaults([{ kind: 'delay', ms: 20_000, path: '/templates/redis/versions' }]);
  const id = await studio.withWorker(async () => endedIn(studio, await hurried.install('take-overdue', 'shop'), 'failed'));
  studio.shop.registry.setFaults([]);
  return id;
};

const uninstallSucceeded: Take = (studio) =>
  studio.withWorker(async () => {
    await endedIn(studio, await studio.client.install('take-uninstalled', 'redis'), 'succeeded');
    return endedIn(studio, await studio.client.uninstall('take-uninstalled', 'redis'), 'succeeded');
  });

const uninstallRefused: Take = (studio) =>
  studio.withWorker(async () => {
    await endedIn(studio, await studio.client.install('take-in-use', 'shop'), 'succeeded');
    return endedIn(studio, await studio.client.uninstall('take-in-use', 'redis'), 'failed');
  });

/** Sends an archive to be published, and answers its operation. */
async function publishing(studio: Studio, name: string): Promise<string> {
  const { status, body } = await postArchive(studio.client, archiveOf({ name, version: '1.0.0' }));
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation;
}

const publishSucceeded: Take = (studio) =>
  studio.withWorker(async () => endedIn(studio, await publishing(studio, 'take-succeeded'), 'succeeded'));

const publishKilled: Take = async (studio) => {
  const doomed = await studio.doomedWorker('publish');
  const id = await publishing(studio, 'take-killed');
  await doomed.exited;
  return studio.withWorker(() => endedIn(studio, id, 'succeeded'));
};

const publishCancelled: Take = (studio) => {
  let id = '';
  return studio.withWorker(
    async () => {
      id = await publishing(studio, 'take-cancelled');
      return endedIn(studio, id, 'cancelled');
    },
    async (step, moment) => {
      if (step !== 'publish' || moment !== 'after') return;
      await cancel(studio, id);
      // The step hears of it by its heartbeat; it must still be running then.
      await pause(3_000);
    },
  );
};

const publishRefused: Take = (studio) =>
  studio.withWorker(async () => {
    // A name of this server's own folders.
    return endedIn(studio, await publishing(studio, 'redis'), 'failed');
  });

export const TAKES: Record<string, Take> = {
  'install-succeeded': installSucceeded,
  'install-refused': installRefused,
  'install-killed': installKilled,
  'install-retried': installRetried,
  'install-undone': installUndone,
  'install-replayed': installReplayed,
  'install-cancelled': installCancelled,
  'install-cancelled-while-failing': installCancelledWhileFailing,
  'install-cancelled-in-undo': installCancelledInUndo,
  'install-overdue': installOverdue,
  'uninstall-succeeded': uninstallSucceeded,
  'uninstall-refused': uninstallRefused,
  'publish-succeeded': publishSucceeded,
  'publish-killed': publishKilled,
  'publish-cancelled': publishCancelled,
  'publish-refused': publishRefused,
};
