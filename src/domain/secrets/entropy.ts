import { entropyOf, isPlaceholder, type SecretHit } from './rule.ts';

/** What has no form of its own: values that are too random for words, and values given to something named like a password. */

/** Longer lines are generated; and no line may cost a regular expression more than a moment. Characters. */
const MAX_LINE = 4096;
/** A name that speaks of a secret, a value after it. */
const NAMED =
  /["']?([\w.-]{0,64}(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w.-]{0,32})["']?\s{0,8}[:=]\s{0,8}["']?([^\s"',;#<>[\](){}]{10,256})/gi;
/** Names that end like this hold the name, place or kind of a secret. */
const POINTS_ELSEWHERE =
  /(name|ref|path|file|dir|mount|url|uri|type|policy|class|enabled|length|key[_-]?name|id|existing.*|generated|secret)$/i;
const RANDOM = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{32,512}={0,2}(?![A-Za-z0-9+/_=-])/g;
/** Digests are random and public. */
const DIGEST_BEFORE =
  /(sha(1|224|256|384|512)[-:=]|md5[-:=]|h1:|integrity["']?\s*[:=]\s*["']?(\w+-)?|digest["']?\s*[:=]\s*["']?|base64,|https?:\/\/\S*)$/i;
const HEX = /^[0-9a-f]+$/i;
const KUBERNETES_NAME = /^[a-z]+([-_./:][a-z0-9]+)*$/;
/** Bits for each character: words have 3 to 3.5, hex 4 at most, random base64 of this length 4.6 to 5.5. */
const RANDOM_BITS = 4.5;
const NAMED_BITS = 3;
const PUBLIC_BLOCK_START =
  /-----BEGIN (?:CERTIFICATE|PUBLIC KEY|PGP PUBLIC KEY BLOCK|PGP SIGNATURE|SIGNED MESSAGE|CERTIFICATE REQUEST)/;
const BLOCK_END = /-----END /;
/** Files whose every line is a checksum, a drawing or a signature. */
const CHECKSUM_FILES =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Chart\.lock|go\.sum|Cargo\.lock|poetry\.lock|composer\.lock|Gemfile\.lock)$|\.(svg|map|sum|sig|asc|crt|cer|pub|sigstore|sigstore\.json|min\.js|min\.css|cdx\.json|spdx\.json|intoto\.jsonl)$/i;

/** Hits in one text file, in its order; at most one a line. */
export function randomValuesIn(text: string, file: string): SecretHit[] {
  if (CHECKSUM_FILES.test(file)) return [];
  let inPublicBlock = false;
  return text.split('\n').flatMap((whole, at) => {
    const line = whole.slice(0, MAX_LINE);
    if (PUBLIC_BLOCK_START.test(line)) inPublicBlock = true;
    const skipped = inPublicBlock;
    if (BLOCK_END.test(line)) inPublicBlock = false;
    if (skipped) return [];
    const hit = namedIn(line) ?? randomIn(line);
    return hit === undefined ? [] : [{ ...hit, line: at + 1 }];
  });
}

function namedIn(line: string): Omit<SecretHit, 'line'> | undefined {
  for (const [, name = '', value = ''] of line.matchAll(NAMED)) {
    if (POINTS_ELSEWHERE.test(name) || isPlaceholder(value) || KUBERNETES_NAME.test(value)) continue;
    if (classesOf(value) < 3 || entropyOf(value) < NAMED_BITS) continue;
    return { rule: 'namedValue', severity: 'high', what: `a value given to ${JSON.stringify(name.slice(0, 64))}` };
  }
  return undefined;
}

function randomIn(line: string): Omit<SecretHit, 'line'> | undefined {
  for (const match of line.matchAll(RANDOM)) {
    const [value] = match;
    const before = line.slice(Math.max(0, match.index - 256), match.index);
    if (HEX.test(value) || DIGEST_BEFORE.test(before) || isPlaceholder(value) || isPath(value)) continue;
    if (classesOf(value) < 3 || entropyOf(value) < RANDOM_BITS) continue;
    return { rule: 'highEntropy', severity: 'medium', what: 'a random value, such as keys are' };
  }
  return undefined;
}

/** Words between slashes; base64 of 32 bytes has one slash in two of three, and rarely a word in it. */
function isPath(value: string): boolean {
  const parts = value.split(/[/_-]/);
  return parts.length >= 4 && parts.every((part) => part.length <= 16);
}

/** Of lower case, upper case, digits and signs. */
function classesOf(value: string): number {
  return [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
}
