import type { KubeObject } from '../cluster.ts';
import { countAt, textAt, valueAt } from '../object-fields.ts';
import { conditionOfType, conditionText, trueCondition } from './conditions.ts';
import { containersOf } from './containers.ts';
import { failed, progressing, type Readiness, ready } from './rule.ts';

/** The rules for the remaining kinds that have one of their own. Where they differ from kstatus, the reason is given. */

/** kstatus calls a Job current as soon as it runs; a deployment is ready only when its jobs have done their work. */
export function jobReadiness(object: KubeObject): Readiness {
  const completions = countAt(object, 'spec', 'completions') ?? countAt(object, 'spec', 'parallelism') ?? 1;
  const succeeded = countAt(object, 'status', 'succeeded') ?? 0;
  const failure = trueCondition(object, 'Failed');
  if (failure) return failed(`failed: ${conditionText(failure)}`);
  if (trueCondition(object, 'Complete')) return ready(`${succeeded} of ${completions} completed`);
  // A suspended job waits for a person; waiting for it would never end.
  if (valueAt(object, 'spec', 'suspend') === true) return ready('suspended');
  if (textAt(object, 'status', 'startTime') === undefined) return progressing('not started yet');
  const failures = countAt(object, 'status', 'failed') ?? 0;
  return progressing(`${succeeded} of ${completions} completed${failures > 0 ? `, ${failures} failed` : ''}`);
}

/**
 * kstatus calls a failed pod current, an unschedulable one failed, and each crash loop failed at once. Here a pod that ended badly has
 * failed, and trouble that may pass (podTrouble) does not make it fail: how long it lasts decides.
 */
export function podReadiness(object: KubeObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Succeeded') return ready('completed');
  if (phase === 'Failed') return failed(endOf(object));
  if (phase === undefined || phase === 'Unknown') return progressing('not looked at by a node yet');
  if (phase === 'Running' && trueCondition(object, 'Ready')) return ready();
  const statuses = containersOf(object).filter(({ init }) => !init);
  const readyCount = statuses.filter((container) => container.ready).length;
  return progressing(phase === 'Running' ? `${readyCount} of ${statuses.length} containers ready` : 'pending');
}

function endOf(pod: KubeObject): string {
  const bad = containersOf(pod).find(({ ended }) => ended && ended.exitCode !== 0);
  if (bad?.ended) return `container ${bad.name} ended with exit code ${bad.ended.exitCode}`;
  return textAt(pod, 'status', 'message') ?? textAt(pod, 'status', 'reason') ?? 'ended with a failure';
}

export function claimReadiness(object: KubeObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return ready('bound');
  if (phase === 'Lost') return failed('its volume is lost');
  return progressing('not bound to a volume yet');
}

/** Only a LoadBalancer without a cluster address is on its way; its outside address may never come where there is no provider. */
export function serviceReadiness(object: KubeObject): Readiness {
  const balancer = textAt(object, 'spec', 'type') === 'LoadBalancer';
  return balancer && !textAt(object, 'spec', 'clusterIP') ? progressing('has no cluster address yet') : ready();
}

export function definitionReadiness(object: KubeObject): Readiness {
  const names = conditionOfType(object, 'NamesAccepted');
  if (names?.status === 'False') return failed(conditionText(names));
  const established = conditionOfType(object, 'Established');
  if (established?.status === 'True') return ready('established');
  if (established?.status === 'False' && established.reason !== 'Installing') return failed(conditionText(established));
  return progressing('not established yet');
}

/** kstatus has no rule for it; an API that does not answer breaks every client's discovery, so it is waited for. */
export function apiServiceReadiness(object: KubeObject): Readiness {
  const available = conditionOfType(object, 'Available');
  if (available?.status === 'True') return ready('available');
  return progressing(available ? conditionText(available) : 'not available yet');
}

export function namespaceReadiness(object: KubeObject): Readiness {
  return textAt(object, 'status', 'phase') === 'Active' ? ready('active') : progressing('not active yet');
}
