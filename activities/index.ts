import { createApply } from './apply.ts';
import { createAuthenticate } from './authenticate.ts';
import { createCheckDependents } from './check-dependents.ts';
import { createCheckNeeded } from './check-needed.ts';
import { createCheckRegistry, createListRegistries } from './check-registry.ts';
import { createDelete } from './delete.ts';
import { createDependency } from './dependency.ts';
import type { ActivityDeps } from './deps.ts';
import { createDownload } from './download.ts';
import { createForget } from './forget.ts';
import { createInstall } from './install.ts';
import { createPlan } from './plan.ts';
import { createPreValidate } from './pre-validate.ts';
import { createPrune } from './prune.ts';
import { createPublish } from './publish.ts';
import { createQuality } from './quality.ts';
import { createListStaleInstalls, createRecheckInstalled } from './recheck-installed.ts';
import { createRecord } from './record.ts';
import { createRemove } from './remove.ts';
import { createRender } from './render.ts';
import { createResolve } from './resolve.ts';
import { createResolveDependencies } from './resolve-dependencies.ts';
import { createScan } from './scan.ts';
import { createScore } from './score.ts';
import { createSecurity } from './security.ts';
import { createStatus } from './status.ts';
import { createStructure } from './structure.ts';
import { createSweepStore } from './sweep-store.ts';
import { createUndoApply } from './undo-apply.ts';
import { createUndoDelete } from './undo-delete.ts';
import { createUndoEffect } from './undo-effect.ts';
import { createUndoPublish } from './undo-publish.ts';
import { createUndoResolve } from './undo-resolve.ts';
import { createUpdateCache } from './update-cache.ts';
import { createWaitReady } from './wait-ready.ts';

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
    resolve: createResolve(deps),
    render: createRender(deps),
    plan: createPlan(deps),
    apply: createApply(deps),
    waitReady: createWaitReady(deps),
    prune: createPrune(deps),
    record: createRecord(deps),
    checkNeeded: createCheckNeeded(deps),
    delete: createDelete(deps),
    forget: createForget(deps),
    structure: createStructure(deps),
    security: createSecurity(deps),
    quality: createQuality(deps),
    dependency: createDependency(deps),
    score: createScore(deps),
    status: createStatus(deps),
    publish: createPublish(deps),
    listRegistries: createListRegistries(deps),
    checkRegistry: createCheckRegistry(deps),
    sweepStore: createSweepStore(deps),
    listStaleInstalls: createListStaleInstalls(deps),
    recheckInstalled: createRecheckInstalled(deps),
    undoResolve: createUndoResolve(deps),
    undoApply: createUndoApply(deps),
    undoDelete: createUndoDelete(deps),
    undoInstall: createUndoEffect(deps),
    undoRemove: createUndoEffect(deps),
    undoPublish: createUndoPublish(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
