import type { RegistryDetail, RegistryHealth, RegistryView } from '../domain/catalog-views.ts';
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

export function registryHealth(source: Source, listings: Listings): RegistryHealth {
  const error = listings.state(source)?.error;
  const breaker = source.guard.breaker.state;
  const status = statusOf(source, listings);
  return {
    registry: source.name,
    available: breaker === 'closed' && error === undefined && status !== 'unknown',
    status,
    breaker,
    figures: source.meter.figures(),
    ...certificateOf(source),
    ...(error && { error }),
  };
}

/** Days left of the certificate that ends first; negative when it has ended. */
export function certificateOf(source: Source): { certificate?: { expiresAt: string; days: number } } {
  const end = source.certificateExpiry?.();
  if (!end) return {};
  return { certificate: { expiresAt: end.toISOString(), days: Math.floor((end.getTime() - Date.now()) / DAY_MS) } };
}

function statusOf(source: Source, listings: Listings): RegistryView['status'] {
  const failed = listings.state(source)?.error !== undefined;
  if (!listings.isHeld(source)) return failed ? 'failing' : 'unknown';
  return failed ? 'stale' : 'ok';
}
