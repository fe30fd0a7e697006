import type { Plan } from '../deployment.ts';
import { jsonDigest } from '../json-digest.ts';

/** The name of a plan: the digest of what it says, without its own name and the time it was made. Not for workflow code. */
export function planDigest(plan: Omit<Plan, 'digest' | 'createdAt'>): string {
  const { digest: _digest, createdAt: _createdAt, ...content } = plan as Plan;
  return jsonDigest(content);
}
