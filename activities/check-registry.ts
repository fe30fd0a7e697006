import { Context } from '@temporalio/activity';
import { ChandleryError, type ErrorCode } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { RegistryCheck, TransportFacts } from '../src/domain/health.ts';
import type { RegistryPlugin } from '../src/domain/registry.ts';
import type { ActivityDeps } from './deps.ts';
import { asChandleryError, toFailure } from './failures.ts';

/**
 * A registry that has not answered by then is not available, ms. As long as the client lets one call take: a first check may have to read
 * a whole index. Below the attempt's own limit (workflows/check-registries.ts), so that the outcome can still be written down.
 */
const CHECK_MS = 30_000;

const NO_FACTS: TransportFacts = { certificateExpiry: () => undefined, received: () => ({ bytes: 0, ms: 0 }) };

/** The registries whose health is looked at by the clock. A pack catalog is not among them: its contract allows no polling. */
export function createListRegistries(deps: ActivityDeps) {
  return async (): Promise<string[]> => {
    try {
      await deps.registries.reload?.();
    } catch {
      // Those that are known will do.
    }
    const names = deps.registries.all.filter(({ kind }) => kind !== 'helmdeck').map(({ name }) => name);
    return names.sort();
  };
}

/** Calls one registry once and writes down how it went; that a registry is away is a result, not a failure. Fails with store_unavailable. */
export function createCheckRegistry(deps: ActivityDeps) {
  return async (registry: string): Promise<{ ok: boolean; code?: ErrorCode }> => {
    try {
      const plugin = await findRegistry(deps.registries, registry);
      const check = await checkOf(plugin, deps.transport ?? NO_FACTS, Context.current().cancellationSignal);
      await deps.store.health.record(registry, check);
      return { ok: check.ok, ...(check.code && { code: check.code }) };
    } catch (error) {
      throw toFailure(asChandleryError(error), { final: false });
    }
  };
}

async function checkOf(
  plugin: RegistryPlugin,
  transport: TransportFacts,
  cancelled: AbortSignal,
): Promise<Omit<RegistryCheck, 'at'>> {
  const { name } = plugin;
  const before = transport.received(name);
  const startedAt = performance.now();
  const failure = await failureOf(plugin, cancelled);
  const latencyMs = Math.round(performance.now() - startedAt);
  const after = transport.received(name);
  // Somebody else may have read from it at the same time, which tells its throughput just as well.
  const bytes = Math.max(0, after.bytes - before.bytes);
  const ms = after.ms - before.ms;
  const end = transport.certificateExpiry(name);
  return {
    ok: failure === undefined,
    ...(failure && { code: failure.code, message: failure.message }),
    latencyMs,
    bytes,
    ...(bytes > 0 && ms > 0 && { bytesPerSecond: Math.round((bytes / ms) * 1_000) }),
    ...(end && { certificateEndsAt: end.toISOString() }),
  };
}

/** Raced, not only aborted: a plugin of somebody's own may not listen to its signal. */
async function failureOf(plugin: RegistryPlugin, cancelled: AbortSignal): Promise<ChandleryError | undefined> {
  const late = AbortSignal.timeout(CHECK_MS);
  const over = AbortSignal.any([late, cancelled]);
  const given = new Promise<never>((_, reject) => over.addEventListener('abort', () => reject(over.reason), { once: true }));
  const call = plugin.connect(over);
  call.catch(() => undefined);
  try {
    await Promise.race([call, given]);
    return undefined;
  } catch (error) {
    cancelled.throwIfAborted();
    if (!late.aborted) return asChandleryError(error);
    const { name: registry } = plugin;
    return new ChandleryError('registry_unavailable', `Registry ${registry}: no answer within ${CHECK_MS / 1_000} s`, {
      registry,
    });
  }
}
