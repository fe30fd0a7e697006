import { findRegistry } from '../src/domain/find-registry.ts';
import type { ConnectionInfo } from '../src/domain/registry.ts';
import { isSourceRegistry } from '../src/domain/sources/source-registry.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  registries: string[];
}

/** Proves each registry's credential. Gives back its kind and expiry, never the credential: a step's result is readable in history. */
export function createAuthenticate(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ registries }: Input, { signal }) {
      return { registries: await Promise.all(registries.map((name) => prove(deps, name, signal))) };
    },
    /** A credential proven then may be revoked by now. */
    async ensure(_value, { registries }, { signal }) {
      const proofs = await Promise.allSettled(registries.map((name) => prove(deps, name, signal)));
      return proofs.every((proof) => proof.status === 'fulfilled');
    },
    describe: (value) => ({ detail: value.registries.map(describe).join(', ') }),
  });
}

async function prove(deps: ActivityDeps, name: string, signal: AbortSignal): Promise<ConnectionInfo & { name: string }> {
  // A namespace's source gets no credential, and from here on nothing is read from it.
  if (isSourceRegistry(name)) return { name, credential: 'none' };
  return { name, ...(await (await findRegistry(deps.registries, name)).connect(signal)) };
}

function describe({ name, credential, expiresAt }: ConnectionInfo & { name: string }): string {
  const how = credential === 'none' ? 'open' : `${credential} accepted`;
  return `${name}: ${how}${expiresAt ? `, expires ${expiresAt}` : ''}`;
}
