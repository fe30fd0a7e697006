import { placeInManifest } from '../manifest-place.ts';
import { fieldsAt } from '../object-fields.ts';
import type { Finding, ValidationSubject } from '../validation.ts';
import { contentFinding } from './finding.ts';
import { ROOT } from './pod-rules.ts';

/** The one way out of its container that a WorkloadSpec leaves open: it has no words for the others. */
export function workloadFindings(subject: ValidationSubject): Finding[] {
  const { workload } = subject.manifest.spec;
  if (workload === undefined) return [];
  const { runAsUser, runAsNonRoot } = fieldsAt(workload, 'security') ?? {};
  const place = placeInManifest(subject, '/spec/workload/security');
  if (runAsUser === 0) return [contentFinding(ROOT, place, 'the workload runs as root', 'medium')];
  if (runAsUser !== undefined || runAsNonRoot === true) return [];
  return [contentFinding(ROOT, place, 'the workload runs as root where its image does')];
}
