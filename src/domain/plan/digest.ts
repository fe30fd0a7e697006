import type { Plan } from '../deployment.ts';
import { jsonDigest } from '../json-digest.ts';

/**
 * The name of a plan: the digest of what it would do. Left out are its own name, the time it was made, and how full quotas are with the
 * warnings about it: those move on by themselves, and a plan that named them would be stale at once; and dependencies that are there: one
 * that is deployed by this plan finds its own there by then, and must come out as its own plan. Not for workflow code.
 */
export function planDigest(plan: Omit<Plan, 'digest' | 'createdAt'>): string {
  const { digest: _digest, createdAt: _createdAt, warnings: _warnings, capacity, ...content } = plan as Plan;
  const dependencies = content.dependencies.filter(({ action }) => action === 'deploy');
  return jsonDigest({ ...content, dependencies, capacity: capacity.requests });
}
