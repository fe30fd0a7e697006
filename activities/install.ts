import { ChandleryError } from '../src/domain/errors.ts';
import type { Lock, LockedTemplate } from '../src/domain/lock.ts';
import type { Target } from '../src/domain/operation.ts';
import type { Decision } from '../src/domain/policy/decision.ts';
import type { InstallItem } from '../src/domain/store.ts';
import { decisionsOf } from './decide-policy.ts';
import type { ActivityDeps } from './deps.ts';
import { manifestUnder, SCAN_RULESET } from './scan.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  lock: Lock;
  requester: string;
  force: boolean;
}

/** Materialises the template and its dependencies into the namespace's store, in one transaction with the effect's record. */
export function createInstall(deps: ActivityDeps) {
  return createStep(deps, {
    recordsItself: true,
    async run({ target, lock, requester, force }: Input, run) {
      const { context, inputDigest } = run;
      const decisions = await decisionsOf(deps, run);
      const items = await Promise.all(lock.templates.map((locked) => itemOf(deps, locked, lock, decisions.get(locked.name))));
      return deps.store.installs.materialise(context, {
        inputDigest,
        cluster: target.cluster,
        namespace: target.namespace,
        root: lock.root,
        items,
        requester,
        force,
      });
    },
    describe: ({ installed, changed }) => ({
      detail: changed
        ? `materialised ${installed
            .filter((item) => item.changed)
            .map((item) => `${item.name} ${item.version}`)
            .join(', ')}`
        : 'already installed, nothing changed',
    }),
    /** A kept install must still be in the namespace; somebody may have removed it since. */
    async ensure(_outcome, { target, lock }) {
      const present = await Promise.all(
        lock.templates.map(({ name }) => deps.store.installs.get(target.cluster, target.namespace, name)),
      );
      return lock.templates.every((template, at) => present[at]?.digest === template.digest);
    },
  });
}

async function itemOf(
  deps: ActivityDeps,
  locked: LockedTemplate,
  lock: Lock,
  decision: Decision | undefined,
): Promise<InstallItem> {
  const verdict = await deps.store.scans.find(locked.digest, SCAN_RULESET, { anyAge: true });
  if (!verdict)
    throw new ChandleryError('scan_blocked', `${locked.name}@${locked.version} has no scan verdict`, {
      template: `${locked.name}@${locked.version}`,
    });
  return {
    locked,
    contentHash: verdict.contentHash,
    manifest: manifestUnder(verdict, locked, lock.templates),
    trust: verdict.trust,
    ...(decision && { decision }),
  };
}
