import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { StepRequest } from '../src/domain/effects.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { Identity } from '../src/domain/store.ts';
import { runAttempt } from './attempt.ts';
import { removeSecret } from './cluster/remove-secret.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';
import { asUndoForbidden } from './undo-apply.ts';
import type { Undone } from './undo-effect.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  secrets: { name: string; parameters: string[] };
}

/** The request's secret values do not outlive its operation. */
export function createUndoResolve(deps: ActivityDeps) {
  return (request: StepRequest<Input>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async ({ signal }) => {
        const { key, requester, secrets } = request.input;
        await removeSecret(sessionOf(deps, requester), key.namespace, secrets.name, deploymentIdOf(key), signal).catch(
          (error: unknown) => {
            throw asUndoForbidden(error, request.input);
          },
        );
        const value = { undone: true, warnings: [] };
        return { value, digest: jsonDigest(value), kept: false, detail: 'the secret values of the request are gone' };
      },
      { unlimited: true },
    );
}
