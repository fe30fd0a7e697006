import { proxyActivities } from '@temporalio/workflow';
import { activityOptions } from '../workflows/activity-options.ts';
import type { InstallInput } from '../workflows/messages.ts';

export { installTemplate } from '../workflows/install-template.ts';

/** The activities whose options the bare workflow's seven calls have, in the order of the install. */
const ACTIVITIES = ['preValidate', 'resolveDependencies', 'authenticate', 'download', 'scan', 'install', 'updateCache'] as const;

/** What seven activities cost on this engine whoever writes them: the floor under installTemplate. */
export async function sevenActivities({ limits }: InstallInput): Promise<void> {
  for (const name of ACTIVITIES) {
    const { doNothing } = proxyActivities<{ doNothing(): Promise<void> }>(activityOptions(name, limits));
    await doNothing();
  }
}
