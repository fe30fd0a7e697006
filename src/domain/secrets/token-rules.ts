import type { Severity } from '../validation.ts';
import { isPlaceholder } from './rule.ts';

/** Secrets that their form gives away, wherever they stand: text or binary, and also in files too large to be held. ASCII only. */

interface TokenRule {
  /** letters and digits: also the name of its group */
  id: string;
  severity: Severity;
  what: string;
  /** Begins with letters that few texts hold, so that most of them cost one look. No longer than OVERLAP_CHARACTERS of the stream. */
  pattern: string;
  /** Second look at a match. */
  holds?: (match: string) => boolean;
}

/** Base64, also with line ends as JSON and YAML write them, and as indented blocks have them. */
const BODY = String.raw`(?:\\[nr]|[\s"'|>+-]){0,64}(?:(?:Proc-Type|DEK-Info|Version|Comment)[^\n]{0,128}\s+){0,4}[A-Za-z0-9+/]{16}`;

/**
 * How the DER of a private key begins in base64, so that one is found whose first line was cut off: PKCS#8 with RSA, EC and Ed25519 keys, PKCS#1
 * of 1024 to 4096 bits, SEC1, OpenSSH.
 */
const KEY_BEGINNINGS = [
  'MII[A-Za-z0-9+/]{2}[A-Za-z0-9]IBADANBgkqhkiG9w0BAQEFAASC',
  'MIGHAgEAMBMGByqGSM49',
  'MC4CAQAwBQYDK2VwBCIEI',
  'MII[A-Za-z0-9+/]{4}BAAK[BC][A-Za-z0-9+/]{40}',
  'MHcCAQEEI[A-Za-z0-9+/]{32}',
  'b3BlbnNzaC1rZXktdjE',
];

const TOKEN_RULES: readonly TokenRule[] = [
  {
    id: 'privateKey',
    severity: 'critical',
    what: 'a private key, whole or cut off',
    pattern: `-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----${BODY}`,
  },
  { id: 'privateKeyBody', severity: 'critical', what: 'the inside of a private key', pattern: KEY_BEGINNINGS.join('|') },
  { id: 'puttyKey', severity: 'critical', what: 'a private key of PuTTY', pattern: String.raw`PuTTY-User-Key-File-\d: ` },
  { id: 'ageKey', severity: 'critical', what: 'a private key of age', pattern: 'AGE-SECRET-KEY-1[A-Z0-9]{50,60}' },
  {
    id: 'awsKey',
    severity: 'critical',
    what: 'an access key of AWS',
    pattern: String.raw`(?:AKIA|ASIA)[A-Z2-7]{16}\b`,
    holds: (match) => !match.endsWith('EXAMPLE'),
  },
  {
    id: 'githubToken',
    severity: 'critical',
    what: 'a token of GitHub',
    pattern: 'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}',
  },
  { id: 'gitlabToken', severity: 'critical', what: 'a token of GitLab', pattern: 'glpat-[A-Za-z0-9_-]{20,64}' },
  { id: 'slackToken', severity: 'critical', what: 'a token of Slack', pattern: 'xox[abeoprs]-[A-Za-z0-9-]{16,255}' },
  {
    id: 'slackWebhook',
    severity: 'high',
    what: 'a webhook of Slack',
    pattern: String.raw`hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{16,32}`,
  },
  { id: 'stripeKey', severity: 'critical', what: 'a live key of Stripe', pattern: '[sr]k_live_[A-Za-z0-9]{16,255}' },
  { id: 'googleKey', severity: 'high', what: 'an API key of Google', pattern: 'AIza[A-Za-z0-9_-]{35}' },
  { id: 'npmToken', severity: 'critical', what: 'a token of npm', pattern: 'npm_[A-Za-z0-9]{36}' },
  {
    id: 'modelKey',
    severity: 'critical',
    what: 'a key of a model provider',
    pattern: 'sk-(?:proj|ant|svcacct)-[A-Za-z0-9_-]{32,255}',
  },
  {
    id: 'sendgridKey',
    severity: 'critical',
    what: 'a key of SendGrid',
    pattern: String.raw`SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}`,
  },
  { id: 'vaultToken', severity: 'critical', what: 'a token of Vault', pattern: String.raw`hv[sb]\.[A-Za-z0-9_-]{24,255}` },
  { id: 'doToken', severity: 'critical', what: 'a token of DigitalOcean', pattern: 'do[opr]_v1_[a-f0-9]{64}' },
  { id: 'pypiToken', severity: 'critical', what: 'a token of PyPI', pattern: 'pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{32,255}' },
  {
    id: 'jwt',
    severity: 'high',
    what: 'a JSON Web Token',
    // Without its signature too: what it says of a person or a cluster is still there.
    pattern: String.raw`eyJ[A-Za-z0-9_-]{8,512}\.eyJ[A-Za-z0-9_-]{8,2048}`,
    holds: isJwt,
  },
];

/** The header of a real one is JSON with an algorithm. */
function isJwt(match: string): boolean {
  const header = Buffer.from(match.slice(0, match.indexOf('.')), 'base64url').toString('utf8');
  try {
    return typeof (JSON.parse(header) as { alg?: unknown }).alg === 'string';
  } catch {
    return false;
  }
}

/** All of them in one look at the text; a letter or digit before would make it the middle of something else. */
const ALL = new RegExp(`(?<![A-Za-z0-9])(?:${TOKEN_RULES.map(({ id, pattern }) => `(?<${id}>${pattern})`).join('|')})`, 'g');
const BY_ID = new Map(TOKEN_RULES.map((rule) => [rule.id, rule]));

export interface TokenMatch {
  rule: TokenRule;
  /** offset in the text */
  index: number;
}

/** Every secret of known form in a text, in its order. */
export function* tokensIn(text: string): Generator<TokenMatch> {
  for (const match of text.matchAll(ALL)) {
    const [id, found] = Object.entries(match.groups ?? {}).find(([, group]) => group !== undefined) ?? [];
    const rule = BY_ID.get(id ?? '');
    if (rule === undefined || found === undefined) continue;
    // Of a key only the body is looked at: its first line is a fixed text.
    if (rule.holds?.(found) === false || isPlaceholder(found.slice(-16))) continue;
    yield { rule, index: match.index };
  }
}
