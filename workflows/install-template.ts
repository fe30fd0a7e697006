import type { InstallInput, InstallResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Brings a template and its dependencies into a namespace's store: seven steps, all or nothing. */
export async function installTemplate(input: InstallInput): Promise<InstallResult> {
  const { target, request, requester } = input;
  const operation = new Operation('install', input);
  return operation.run(async () => {
    await operation.step('pre-validate', 'preValidate', { target, request, requester });
    const { lock } = await operation.step('resolve-dependencies', 'resolveDependencies', { target, request }, { requester });
    await operation.step('authenticate', 'authenticate', {
      registries: [...new Set(lock.templates.map((template) => template.registry))].sort(),
    });
    await operation.step('download', 'download', { templates: lock.templates });
    await operation.step('scan', 'scan', { templates: lock.templates, acceptUnsigned: request.acceptUnsigned ?? false });
    const outcome = await operation.step(
      'install',
      'install',
      { target, lock, requester: requester.user, force: request.force ?? false },
      { undo: 'undoInstall' },
    );
    await operation.afterthought('update-cache', 'updateCache', {
      target,
      names: lock.templates.map((template) => template.name),
    });
    const root = lock.templates.find((template) => template.name === lock.root);
    return {
      ...outcome,
      name: lock.root,
      version: root?.version ?? '',
      registry: root?.registry ?? '',
      digest: root?.digest ?? '',
      lock,
    };
  });
}
