import { textAt, textsAt, valueAt } from '../object-fields.ts';
import type { Finding, Severity } from '../validation.ts';
import { type ContentRule, contentFinding } from './finding.ts';
import type { ContentObject } from './objects.ts';

/** Objects that weaken what is around them. */

const rule = (id: string, severity: Severity, recommendation: string): ContentRule => ({ id, severity, recommendation });

const SYSTEM_NAMESPACE = rule('system-namespace', 'high', 'Leave metadata.namespace out: whoever deploys it chooses.');
const POD_SECURITY = rule('pod-security-off', 'high', 'Leave the labels of Pod Security to the operators of the cluster.');
const EXTERNAL_IPS = rule(
  'external-ips',
  'high',
  'Use a load balancer or an Ingress: whoever may set externalIPs can take traffic of others (CVE-2020-8554).',
);
const SYSTEM = /^(kube-system|kube-public|kube-node-lease)$/;
const POD_SECURITY_LABEL = 'pod-security.kubernetes.io/enforce';

/** Findings of one object by itself. */
export function objectFindings(object: ContentObject): Finding[] {
  const { file, kind, name, value } = object;
  const found: Finding[] = [];
  const add = (of: ContentRule, pointer: string, why: string) => {
    found.push(contentFinding(of, { file, line: object.line(pointer) }, `${kind} ${name} ${why}`));
  };
  const namespace = textAt(value, 'metadata', 'namespace') ?? '';
  if (SYSTEM.test(namespace)) add(SYSTEM_NAMESPACE, '/metadata/namespace', `belongs into ${namespace}`);
  if (kind === 'Namespace' && textsAt(value, 'metadata', 'labels')[POD_SECURITY_LABEL] === 'privileged')
    add(POD_SECURITY, '/metadata/labels', 'switches Pod Security off');
  const addresses = valueAt(value, 'spec', 'externalIPs');
  if (kind === 'Service' && Array.isArray(addresses) && addresses.length > 0)
    add(EXTERNAL_IPS, '/spec/externalIPs', 'sets externalIPs');
  return found;
}
