import type { RegistryDetail, RegistryHealth, RegistryView } from '../domain/catalog-views.ts';
import type { RegistryCheck, RegistryChecks } from '../domain/health.ts';
import type { RegistryGauges } from '../domain/metrics.ts';
import type { Listings } from './listings.ts';
import type { Source } from './sources.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

export function registryView(source: Source, listings: Listings): RegistryView {
  const state = listings.state(source);
  const age = listings.age(source);
  return {
    name: source.name,
    kind: source.plugin.kind,
    type: source.plugin.type,
    url: source.url,
    origin: source.origin ?? 'file',
    ...(source.revision !== undefined && { revision: source.revision }),
    default: source.isDefault,
    credential: source.credential,
    status: statusOf(source, listings),
    templates: state?.templates ?? 0,
    ...(state?.listedAt && { listedAt: state.listedAt }),
    ...(state?.checkedAt && { checkedAt: state.checkedAt }),
    ...(Number.isFinite(age) && { ageSeconds: Math.round(age / 1_000) }),
    ...(state?.error && { error: state.error }),
    problemCount: state?.problemCount ?? 0,
  };
}

export function registryDetail(source: Source, listings: Listings): RegistryDetail {
  return { ...registryView(source, listings), problems: listings.state(source)?.problems ?? [] };
}

export function registryHealth(source: Source, listings: Listings, checks?: RegistryChecks): RegistryHealth {
  const error = listings.state(source)?.error;
  const breaker = source.guard.breaker.state;
  const status = statusOf(source, listings);
  return {
    registry: source.name,
    available: breaker === 'closed' && error === undefined && status !== 'unknown',
    status,
    breaker,
    figures: source.meter.figures(),
    ...certificateOf(source, checks?.latest),
    ...(error && { error }),
    ...(checks && { checks }),
  };
}

/** What the metrics tell of a registry. */
export function registryGauges(source: Source, listings: Listings, latest?: RegistryCheck): RegistryGauges {
  const age = listings.age(source);
  const days = certificateOf(source, latest).certificate?.days;
  return {
    registry: source.name,
    breaker: source.guard.breaker.state,
    templates: listings.state(source)?.templates ?? 0,
    ...(Number.isFinite(age) && { listingAgeSeconds: age / 1_000 }),
    ...(days !== undefined && { certificateDays: days }),
    ...(latest && { available: latest.ok, checkLatencyMs: latest.latencyMs }),
    ...(latest?.bytesPerSecond !== undefined && { checkBytesPerSecond: latest.bytesPerSecond }),
  };
}

/** Days left of the certificate that ends first; negative when it has ended. What another process saw counts where this one saw none. */
export function certificateOf(source: Source, latest?: RegistryCheck): { certificate?: { expiresAt: string; days: number } } {
  const seen = latest?.certificateEndsAt;
  const end = source.certificateExpiry?.() ?? (seen === undefined ? undefined : new Date(seen));
  if (!end) return {};
  return { certificate: { expiresAt: end.toISOString(), days: Math.floor((end.getTime() - Date.now()) / DAY_MS) } };
}

function statusOf(source: Source, listings: Listings): RegistryView['status'] {
  const failed = listings.state(source)?.error !== undefined;
  if (!listings.isHeld(source)) return failed ? 'failing' : 'unknown';
  return failed ? 'stale' : 'ok';
}
