import type { KubeObject } from '../cluster.ts';
import { textAt } from '../object-fields.ts';
import { conditionOfType, conditionText } from './conditions.ts';
import { type ContainerEnd, type ContainerView, containersOf } from './containers.ts';

/** Which clock a trouble runs on before it counts as a failure; the times are in patience.ts. */
export type TroubleKind = 'start' | 'crash' | 'schedule' | 'replicas';

/** Why a pod does not get ready. `now`: waiting will not mend it. `if-it-lasts`: it may pass by itself. */
export interface PodTrouble {
  kind: TroubleKind;
  /** Kubernetes' word, such as `ImagePullBackOff`. */
  reason: string;
  message: string;
  container?: string;
  fatal: 'now' | 'if-it-lasts';
}

/**
 * Restarts after which a crash is a loop: with the kubelet's pauses (none, 10 s, 20 s) that is half a minute of failing, enough for an
 * application that starts before what it needs.
 */
const RESTARTS_OF_A_LOOP = 3;

/** A shell's word for "not executable" and "not found": the next start finds the same image. */
const HOPELESS_EXITS: ReadonlySet<number> = new Set([126, 127]);
/** The runtime could not start the command at all. */
const HOPELESS_REASONS: ReadonlySet<string> = new Set(['StartError', 'ContainerCannotRun']);

const WAITING: Readonly<Record<string, { kind: TroubleKind; fatal: PodTrouble['fatal'] }>> = {
  InvalidImageName: { kind: 'start', fatal: 'now' },
  ImagePullBackOff: { kind: 'start', fatal: 'if-it-lasts' },
  ErrImagePull: { kind: 'start', fatal: 'if-it-lasts' },
  ErrImageNeverPull: { kind: 'start', fatal: 'if-it-lasts' },
  ImageInspectError: { kind: 'start', fatal: 'if-it-lasts' },
  RegistryUnavailable: { kind: 'start', fatal: 'if-it-lasts' },
  // A missing ConfigMap, Secret or key: another object of the same deployment may bring it in a moment.
  CreateContainerConfigError: { kind: 'start', fatal: 'if-it-lasts' },
  CreateContainerError: { kind: 'start', fatal: 'if-it-lasts' },
  RunContainerError: { kind: 'crash', fatal: 'if-it-lasts' },
};

/** The worst trouble of a pod; undefined when it has none, has ended, or is being deleted. */
export function podTrouble(pod: KubeObject): PodTrouble | undefined {
  const phase = textAt(pod, 'status', 'phase');
  if (pod.metadata.deletionTimestamp || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const troubles = containersOf(pod).flatMap((container) => containerTrouble(container) ?? []);
  return troubles.find(({ fatal }) => fatal === 'now') ?? troubles[0] ?? unschedulable(pod);
}

function unschedulable(pod: KubeObject): PodTrouble | undefined {
  const condition = conditionOfType(pod, 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined;
  return { kind: 'schedule', reason: condition.reason, message: conditionText(condition), fatal: 'if-it-lasts' };
}

function containerTrouble(container: ContainerView): PodTrouble | undefined {
  const { name, waiting, endedBefore } = container;
  if (!waiting) return undefined;
  if (waiting.reason === 'CrashLoopBackOff') return crashLoop(container);
  const known = WAITING[waiting.reason];
  if (!known) return undefined;
  const hopeless = known.kind === 'crash' && endedBefore && isHopeless(endedBefore);
  return {
    kind: known.kind,
    reason: waiting.reason,
    message: `container ${name}: ${waiting.message ?? waiting.reason}`,
    container: name,
    fatal: hopeless ? 'now' : known.fatal,
  };
}

function crashLoop({ name, restarts, waiting, endedBefore }: ContainerView): PodTrouble {
  const hopeless = restarts >= RESTARTS_OF_A_LOOP || (endedBefore !== undefined && isHopeless(endedBefore));
  const end = endedBefore ? endText(endedBefore) : (waiting?.message ?? 'keeps ending');
  const times = restarts === 1 ? '1 restart' : `${restarts} restarts`;
  return {
    kind: 'crash',
    reason: 'CrashLoopBackOff',
    message: `container ${name}: ${end}; ${times}`,
    container: name,
    fatal: hopeless ? 'now' : 'if-it-lasts',
  };
}

function isHopeless({ exitCode, reason }: ContainerEnd): boolean {
  return HOPELESS_EXITS.has(exitCode) || (reason !== undefined && HOPELESS_REASONS.has(reason));
}

/** `ended with exit code 137 (OOMKilled: it used more memory than its limit)`. */
function endText({ exitCode, reason, message }: ContainerEnd): string {
  const why =
    reason === 'OOMKilled' ? 'OOMKilled: it used more memory than its limit' : [reason, message].filter(Boolean).join(': ');
  // `Error` is what Kubernetes says of every exit code but 0; it tells nothing more.
  return `ended with exit code ${exitCode}${why && why !== 'Error' ? ` (${why})` : ''}`;
}
