import { createAuthenticate } from './authenticate.ts';
import { createCheckDependents } from './check-dependents.ts';
import type { ActivityDeps } from './deps.ts';
import { createDownload } from './download.ts';
import { createInstall } from './install.ts';
import { createPreValidate } from './pre-validate.ts';
import { createRemove } from './remove.ts';
import { createResolveDependencies } from './resolve-dependencies.ts';
import { createScan } from './scan.ts';
import { createUndoEffect } from './undo-effect.ts';
import { createUpdateCache } from './update-cache.ts';

/** Every activity under its registered name; a member's name is the step's name in camel case. */
export function createActivities(deps: ActivityDeps) {
  return {
    preValidate: createPreValidate(deps),
    resolveDependencies: createResolveDependencies(deps),
    authenticate: createAuthenticate(deps),
    download: createDownload(deps),
    scan: createScan(deps),
    install: createInstall(deps),
    updateCache: createUpdateCache(deps),
    checkDependents: createCheckDependents(deps),
    remove: createRemove(deps),
    undoInstall: createUndoEffect(deps),
    undoRemove: createUndoEffect(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
