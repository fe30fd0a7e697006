import type { ConnectionInfo } from '../src/domain/registry.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  registries: string[];
}

/** Proves each registry's credential. Gives back its kind and expiry, never the credential: a step's result is readable in history. */
export function createAuthenticate(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ registries }: Input, { signal }) {
      const proven = await Promise.all(
        registries.map(async (name) => ({ name, ...(await deps.registries.get(name).connect(signal)) })),
      );
      return { registries: proven };
    },
    /** A credential proven then may be revoked by now. */
    async ensure(_value, { registries }, { signal }) {
      const proofs = await Promise.allSettled(registries.map((name) => deps.registries.get(name).connect(signal)));
      return proofs.every((proof) => proof.status === 'fulfilled');
    },
    describe: (value) => ({ detail: value.registries.map(describe).join(', ') }),
  });
}

function describe({ name, credential, expiresAt }: ConnectionInfo & { name: string }): string {
  const how = credential === 'none' ? 'open' : `${credential} accepted`;
  return `${name}: ${how}${expiresAt ? `, expires ${expiresAt}` : ''}`;
}
