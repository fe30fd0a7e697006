import { pointerOf } from '../json-pointer.ts';
import { fieldsAt, listAt, textAt, valueAt } from '../object-fields.ts';
import type { TemplateManifest } from '../template.ts';
import type { Finding, Severity } from '../validation.ts';
import { containersOf, type PodView, type RawContainer, titleOf } from './containers.ts';
import { type ContentRule, contentFinding } from './finding.ts';
import { flagOf, withDefault } from './flags.ts';

/** What lets a pod out of its container: the rules of the Pod Security Standards, with how far out it gets. */

const rule = (id: string, severity: Severity, recommendation: string): ContentRule => ({ id, severity, recommendation });

const PRIVILEGED = rule('privileged', 'high', 'Drop it, and add the single capability that is needed, if any.');
const HOST_NAMESPACE = rule('host-namespace', 'high', 'Drop it: use a Service for the network, and a sidecar for processes.');
const HOST_PATH = rule('host-path', 'high', 'Use a volume claim, an emptyDir or a ConfigMap.');
const HOST_PORT = rule('host-port', 'medium', 'Use a Service.');
const CAPABILITY = rule('capability', 'high', 'Drop ALL, and add only what the program cannot do without.');
const ESCALATION = rule('privilege-escalation', 'medium', 'Set allowPrivilegeEscalation: false.');
export const ROOT = rule('runs-as-root', 'low', 'Set runAsNonRoot: true, and a runAsUser other than 0.');
const UNCONFINED = rule('unconfined', 'medium', 'Use RuntimeDefault.');

/** From these the whole node can be had. */
const NODE_PATHS =
  /^\/(|etc(\/kubernetes)?|proc|sys|dev|root|boot|var\/run|run|var\/lib\/(kubelet|docker|containerd|etcd)|.*\.sock)\/?$/;
/** What the baseline of the Pod Security Standards lets a container add. */
const HARMLESS = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' '),
);
const NODE_CAPABILITIES = new Set('ALL SYS_ADMIN SYS_MODULE SYS_PTRACE SYS_RAWIO DAC_READ_SEARCH BPF'.split(' '));

/** Findings of one pod and of its containers. */
export function podFindings(pod: PodView, manifest: TemplateManifest): Finding[] {
  return [
    ...hostNamespaces(pod, manifest),
    ...hostPaths(pod, manifest),
    ...containersOf(pod).flatMap((container) => containerFindings(container, manifest)),
  ];
}

function hostNamespaces({ object, pointer, spec }: PodView, manifest: TemplateManifest): Finding[] {
  return (['hostNetwork', 'hostPID', 'hostIPC'] as const).flatMap((member) =>
    switched(HOST_NAMESPACE, flagOf(spec[member], manifest), {
      file: object.file,
      line: object.line(pointerOf(pointer, member)),
      text: `${object.kind} ${object.name} shares the node's ${member.slice('host'.length).toLowerCase()} (${member})`,
    }),
  );
}

/** A switch that a parameter turns is less bad than one that is on: somebody has to decide it. */
function switched(of: ContentRule, flag: string, { file, line, text }: { file: string; line: number; text: string }): Finding[] {
  if (flag === 'off') return [];
  if (flag === 'on') return [contentFinding(of, { file, line }, text)];
  return [contentFinding(of, { file, line }, `${text} when a parameter says so`, of.severity === 'high' ? 'medium' : 'low')];
}

function hostPaths({ object, pointer, spec }: PodView, manifest: TemplateManifest): Finding[] {
  return listAt(spec, 'volumes').flatMap((volume, index) => {
    if (fieldsAt(volume, 'hostPath') === undefined) return [];
    const path = String(withDefault(valueAt(volume, 'hostPath', 'path'), manifest) ?? '');
    const line = object.line(pointerOf(pointerOf(pointer, 'volumes'), index));
    const text = `${object.kind} ${object.name} mounts ${path} of the node`;
    const whole = NODE_PATHS.test(normalised(path));
    return [contentFinding(HOST_PATH, { file: object.file, line }, text, whole ? 'critical' : 'high')];
  });
}

/** `/var//run/../run/` is `/var/run`. */
function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function containerFindings(container: RawContainer, manifest: TemplateManifest): Finding[] {
  const { pod, pointer, value } = container;
  const { file } = pod.object;
  const title = titleOf(container);
  const security = pointerOf(pointer, 'securityContext');
  const at = (member: string) => ({ file, line: pod.object.line(pointerOf(security, member)) });
  const { privileged, allowPrivilegeEscalation: escalation } = fieldsAt(value, 'securityContext') ?? {};
  return [
    ...switched(PRIVILEGED, flagOf(privileged, manifest), {
      ...at('privileged'),
      text: `${title} is privileged: it is the node`,
    }),
    ...switched(ESCALATION, flagOf(escalation, manifest), {
      ...at('allowPrivilegeEscalation'),
      text: `${title} may gain more rights than it started with`,
    }),
    ...capabilities(container, at('capabilities'), title),
    ...runsAsRoot(container, manifest, at('runAsUser'), title),
    ...unconfined(container, at('seccompProfile'), title),
    ...hostPorts(container, title),
  ];
}

function capabilities({ value }: RawContainer, place: { file: string; line: number }, title: string): Finding[] {
  const added = valueAt(value, 'securityContext', 'capabilities', 'add');
  const names = (Array.isArray(added) ? added : []).map((name) => String(name).toUpperCase().replace(/^CAP_/, ''));
  return names
    .filter((name) => !HARMLESS.has(name))
    .map((name) =>
      contentFinding(CAPABILITY, place, `${title} adds the capability ${name}`, NODE_CAPABILITIES.has(name) ? 'high' : 'medium'),
    );
}

function runsAsRoot(
  { pod, value }: RawContainer,
  manifest: TemplateManifest,
  place: { file: string; line: number },
  title: string,
): Finding[] {
  // The container's own word counts before the pod's.
  const member = (name: string) =>
    withDefault(valueAt(value, 'securityContext', name) ?? valueAt(pod.spec, 'securityContext', name), manifest);
  const user = member('runAsUser');
  if (user === 0 || user === '0') return [contentFinding(ROOT, place, `${title} runs as root`, 'medium')];
  if (user !== undefined || member('runAsNonRoot') === true) return [];
  return [contentFinding(ROOT, place, `${title} runs as root where its image does`)];
}

function unconfined({ pod, value }: RawContainer, place: { file: string; line: number }, title: string): Finding[] {
  const profile = (of: unknown, name: string) => textAt(of, 'securityContext', name, 'type');
  return (['seccompProfile', 'appArmorProfile'] as const)
    .filter((name) => (profile(value, name) ?? profile(pod.spec, name)) === 'Unconfined')
    .map((name) =>
      contentFinding(UNCONFINED, place, `${title} runs without ${name === 'seccompProfile' ? 'seccomp' : 'AppArmor'}`),
    );
}

function hostPorts({ pod, pointer, value }: RawContainer, title: string): Finding[] {
  return listAt(value, 'ports').flatMap(({ hostPort }, index) => {
    if (hostPort === undefined || hostPort === 0) return [];
    const line = pod.object.line(pointerOf(pointerOf(pointer, 'ports'), index));
    return [contentFinding(HOST_PORT, { file: pod.object.file, line }, `${title} takes port ${String(hostPort)} of the node`)];
  });
}
