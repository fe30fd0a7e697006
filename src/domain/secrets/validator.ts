import { contentOf } from '../content/objects.ts';
import { deployedFiles } from '../render/manifest-files.ts';
import type { Finding, SubjectFile, ValidationSubject, Validator } from '../validation.ts';
import { SEVERITIES } from '../validation.ts';
import { randomValuesIn } from './entropy.ts';
import { kubernetesSecretsIn, kubernetesSecretsOf } from './kubernetes-secret.ts';
import { allowedAt, findingOf, type SecretHit } from './rule.ts';

/** A library of others that looks for secrets in one text. */
export interface SecretLinter {
  readonly id: string;
  readonly version: string;
  lint(path: string, text: string): Promise<SecretHit[]>;
}

const STRUCTURED = /\.(ya?ml|json|tpl)$/i;
/** Raised with every change of the rules of this folder. */
const RULES = '2';

/**
 * Secrets in the texts of an archive: values of Kubernetes Secrets, random values, and what the linter knows. Keys and tokens of known form are
 * found by the stream scanner, in every file.
 */
export function createSecrets(linter?: SecretLinter): Validator {
  return {
    id: 'secrets',
    stage: 'security',
    covers: 'secrets',
    version: linter ? `${RULES}+${linter.id}@${linter.version}` : RULES,
    async validate(subject, signal): Promise<Finding[]> {
      const found: Finding[] = [];
      const deployed = deployedSecrets(subject);
      for (const file of subject.files) {
        signal?.throwIfAborted();
        found.push(...(await inFile(file, deployed.get(file.path), linter)));
      }
      return found;
    },
  };
}

/** By file, for those that are deployed as they are written; the others are text, of which nobody knows what a renderer makes. */
function deployedSecrets(subject: ValidationSubject): Map<string, SecretHit[]> {
  const { objects, broken } = contentOf(subject);
  const unread = new Set(broken.map(({ file }) => file));
  const hits = new Map<string, SecretHit[]>();
  for (const file of deployedFiles(subject.manifest, subject.paths)) if (!unread.has(file)) hits.set(file, []);
  for (const object of objects) hits.get(object.file)?.push(...kubernetesSecretsOf(object));
  return hits;
}

async function inFile(
  { path, text }: SubjectFile,
  deployed: SecretHit[] | undefined,
  linter: SecretLinter | undefined,
): Promise<Finding[]> {
  if (text === undefined) return [];
  const hits = [
    ...(deployed ?? (STRUCTURED.test(path) ? kubernetesSecretsIn(text, path) : [])),
    ...((await linter?.lint(path, text)) ?? []),
    ...randomValuesIn(text, path),
  ];
  if (hits.length === 0) return [];
  const lines = text.split('\n');
  return hits.filter(({ line }) => !allowedAt(lines, line)).map((hit) => findingOf(path, hit));
}

/** Several rules see the same secret: of those on one line only the worst stays, so that one mistake counts once. */
export function onePerLine(findings: readonly Finding[]): Finding[] {
  const worst = new Map<string, Finding>();
  const others: Finding[] = [];
  for (const finding of findings) {
    if (!finding.id.startsWith('secrets/') || finding.line === undefined) {
      others.push(finding);
      continue;
    }
    const place = `${finding.file}\0${finding.line}`;
    const known = worst.get(place);
    if (!known || SEVERITIES.indexOf(finding.severity) < SEVERITIES.indexOf(known.severity)) worst.set(place, finding);
  }
  return [...others, ...worst.values()];
}
