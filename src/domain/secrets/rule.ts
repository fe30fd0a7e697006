import type { Finding, Severity } from '../validation.ts';

/** What every rule about secrets shares: how a hit becomes a finding, what is a placeholder, and who may say that a hit is none. */

export interface SecretHit {
  /** `<rule>`; the finding's id is `secrets/<rule>` */
  rule: string;
  severity: Severity;
  /** 1-based */
  line: number;
  /** What it looks like; never the secret itself. */
  what: string;
}

/** Written by whoever knows better, on the line of the hit or the line above it. It is seen in a review; a rule that is off is not. */
export const ALLOW_COMMENT = 'chandlery:allow-secret';

const ADVICE =
  'Take it out, and make it worthless where it was valid: who has the archive has the secret. Let a parameter (x-chandlery: {generated: password} or {secret: true}) bring it.';

export function findingOf(file: string, { rule, severity, line, what }: SecretHit): Finding {
  return { id: `secrets/${rule}`, severity, file, line, explanation: `looks like ${what}`, recommendation: ADVICE };
}

/** Whether the comment stands on the line (1-based) or on the one above it. */
export function allowedAt(lines: readonly string[], line: number): boolean {
  return [lines[line - 1], lines[line - 2]].some((text) => text?.includes(ALLOW_COMMENT) === true);
}

const REFERENCE = /\$\{|\$\(|\{\{|^\$[A-Za-z_]|^<.*>$|^%.*%$/;
const WORD = /change[-_ ]?me|example|placeholder|your[-_ ]|dummy|replace|redacted|\*{3}|x{6}|\.{3}/i;

/** Something that stands for a value which comes from elsewhere: `${name}`, `{{ .Values.x }}`, `$(NAME)`, `<token>`. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value);
}

/** A reference, or a text that says of itself that it is none: `changeme`, `xxxxxxxx`, `EXAMPLE`. */
export function isPlaceholder(value: string): boolean {
  return isReference(value) || WORD.test(value) || new Set(value).size <= 4;
}

/** Shannon's measure, bits for each character: 4 for random hex, 6 for random base64, about 3 for words. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
