import type { UninstallInput, UninstallResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Takes a template out of a namespace's store, unless something there still needs it. */
export async function uninstallTemplate(input: UninstallInput): Promise<UninstallResult> {
  const { target, requester } = input;
  const operation = new Operation('uninstall', input);
  return operation.run(async () => {
    await operation.step('check-dependents', 'checkDependents', { target, requester });
    const removed = await operation.step('remove', 'remove', { target }, { undo: 'undoRemove' });
    await operation.afterthought('update-cache', 'updateCache', { target, names: [target.name] });
    return removed;
  });
}
