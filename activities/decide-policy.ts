import { LRUCache } from 'lru-cache';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import { judgeImages } from '../src/domain/image-signatures.ts';
import type { LockedTemplate } from '../src/domain/lock.ts';
import { EMPTY_BOOK, policiesFor } from '../src/domain/policy/book.ts';
import { decide, denial } from '../src/domain/policy/decide.ts';
import type { Decision } from '../src/domain/policy/decision.ts';
import type { PolicyRule, RuleOutcome } from '../src/domain/policy/engine.ts';
import type { PolicyFacts } from '../src/domain/policy/facts.ts';
import { type PolicySubject, policyInput } from '../src/domain/policy/policy-input.ts';
import type { RegistryPolicy } from '../src/domain/policy/registry-policy.ts';
import type { RegistryPlugin } from '../src/domain/registry.ts';
import type { SignatureVerdict } from '../src/domain/signature.ts';
import type { Finding, SeverityCounts } from '../src/domain/validation.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import { registriesFor } from './source-registries.ts';

/** What the scan knows of one template when it is decided about. */
export interface PolicyQuestion {
  template: LockedTemplate;
  trust: { verified: boolean; note: string };
  findings: readonly Finding[];
  /** Of the others, which the verdict does not list. */
  unlisted: SeverityCounts;
  score?: number;
  signature?: SignatureVerdict;
  /** Those that it names; read only where they must be signed. */
  images(): Promise<readonly string[]>;
  /** Read only when the expressions have not been asked about these bytes yet. */
  subject(): Promise<PolicySubject>;
}

/** Where the ids of rules of policies begin. */
const POLICY_FINDING = 'policy/';
/** Answers of expressions that a worker keeps; each is a few hundred bytes a rule. */
const MAX_OUTCOMES = 2_000;

/** By bytes, registry and policies: nothing else goes into an expression. */
const outcomes = new LRUCache<string, RuleOutcome[]>({ max: MAX_OUTCOMES });

/**
 * Decides about every template of an operation and writes it down: a document for each decision, one line in the audit log. Answers the
 * documents' digests by template name. Fails with the code of the first rule that denied; every reason is in the message.
 */
export async function decidePolicy(
  deps: ActivityDeps,
  run: StepRun,
  questions: readonly PolicyQuestion[],
  acceptUnsigned: boolean,
): Promise<Record<string, string>> {
  const decisions = await Promise.all(questions.map((question) => decideOne(deps, run, question, acceptUnsigned)));
  const documents = await Promise.all(decisions.map((decision) => deps.store.documents.put('decision', decision)));
  const denied = decisions.find(({ allowed }) => !allowed);
  await deps.store.audit.append({
    actor: run.context.requester?.user ?? 'chandlery',
    action: 'policy',
    object: run.context.target,
    outcome: denied ? 'denied' : 'allowed',
    ...(denied?.code && { code: denied.code }),
    operation: run.context.operation,
    detail: {
      decisions: decisions.map(({ template, registry, digest, allowed }, at) => ({
        template,
        registry,
        digest,
        allowed,
        record: documents[at],
      })),
    },
  });
  if (denied) {
    await discardRefused(
      deps,
      decisions.filter(isHard).map(({ digest }) => digest),
    );
    throw denial(denied);
  }
  await remember(deps, questions);
  return Object.fromEntries(questions.map(({ template }, at) => [template.name, documents[at] ?? '']));
}

/** Where a word of the user is all that is missing, the same bytes are asked for again in a moment. */
function isHard({ allowed, code }: Decision): boolean {
  return !allowed && code !== 'unsigned_needs_confirmation';
}

/** Takes the bytes out of the store. That they stay for the sweep, when this fails, must not hide why they were refused. */
export async function discardRefused({ store, log }: ActivityDeps, digests: readonly string[]): Promise<void> {
  const results = await Promise.allSettled(digests.map((digest) => store.blobs.discard(digest)));
  const failed = results.filter(({ status }) => status === 'rejected').length;
  if (failed > 0) log.warn({ digests }, 'what was refused stays in the store until it is swept');
}

/** What the scan of this operation wrote down, by template name, for the installs' records; nothing of a scan from before there were decisions. */
export async function decisionsOf(deps: ActivityDeps, { key }: StepRun): Promise<Map<string, Decision>> {
  const record = await deps.store.effects.findStanding({ ...key, step: 'scan' });
  const { decisions = {} } = (record?.result ?? {}) as { decisions?: Record<string, string> };
  const found = await Promise.all(
    Object.entries(decisions).map(async ([name, digest]) => {
      const decision = (await deps.store.documents.get('decision', digest)) as Decision | undefined;
      return decision ? ([[name, decision]] as const) : [];
    }),
  );
  return new Map(found.flat());
}

/** Before anything is fetched or run: whether a registry may be used at all. Fails with policy_denied. */
export function checkRegistryAllowed(
  { policies }: Pick<ActivityDeps, 'policies'>,
  registry: RegistryPlugin,
  template: string,
): void {
  const { policy } = policiesFor(policies?.book ?? EMPTY_BOOK, registry, template);
  if (policy.allow) return;
  throw new ChandleryError('policy_denied', `nothing may be taken from the ${registry.type} registry ${registry.name}`, {
    registry: registry.name,
    template,
  });
}

async function decideOne(deps: ActivityDeps, run: StepRun, question: PolicyQuestion, acceptUnsigned: boolean): Promise<Decision> {
  const { template, trust, findings, unlisted, score, signature } = question;
  const registry = await findRegistry(registriesFor(deps, run.context.requester), template.registry);
  const book = deps.policies?.book ?? EMPTY_BOOK;
  const { policy, rules } = policiesFor(book, registry, template.name);
  const facts: PolicyFacts = {
    template: { name: template.name, version: template.version, digest: template.digest },
    registry: { name: registry.name, type: registry.type, kind: registry.kind },
    trust,
    // Those that the policies as a validator left are of another registry, ours; here the right one is asked.
    findings: findings.filter(({ id }) => !id.startsWith(POLICY_FINDING)),
    unlisted,
    outcomes: await outcomesOf(deps, { rules, registry, book: book.digest }, question, run.signal),
    ...(score !== undefined && { score }),
    ...(signature && { signature }),
    ...(policy.images !== 'any' && { images: await judgeImages(await question.images(), policy.images, looking(deps, run)) }),
    ...(await remembered(deps, run, { registry, policy, template })),
    acceptUnsigned,
  };
  return decide(facts, { policy, waivers: book.waivers, policies: book.digest, now: Date.now() });
}

function looking({ images: signatures }: ActivityDeps, { signal }: StepRun) {
  return { signatures, signal };
}

async function outcomesOf(
  { policies }: ActivityDeps,
  { rules, registry, book }: { rules: readonly PolicyRule[]; registry: RegistryPlugin; book: string },
  { template, subject }: PolicyQuestion,
  signal: AbortSignal,
): Promise<RuleOutcome[]> {
  if (!policies || rules.length === 0) return [];
  const key = `${template.digest} ${registry.name} ${registry.type} ${template.name} ${book}`;
  const known = outcomes.get(key);
  if (known) return known;
  const asked = await policies.engine.evaluate(rules, policyInput(await subject(), registry), signal);
  // One that was cut off may have had a busy machine; it is asked again.
  if (asked.every(({ verdict }) => verdict !== 'undecided')) outcomes.set(key, asked);
  return asked;
}

/** What the store and the registry know, asked only where the policy wants it. */
async function remembered(
  deps: ActivityDeps,
  run: StepRun,
  { registry, policy, template }: { registry: RegistryPlugin; policy: RegistryPolicy; template: LockedTemplate },
): Promise<Pick<PolicyFacts, 'knownSince' | 'installedVersion' | 'signerBefore'>> {
  const [, cluster = '', namespace = ''] = run.context.target.split('/');
  const [install, signerBefore, knownSince] = await Promise.all([
    policy.refuseDowngrade ? deps.store.installs.get(cluster, namespace, template.name) : undefined,
    policy.keepSigner ? deps.store.seen.signer(registry.name, template.name) : undefined,
    policy.minimumReleaseAgeMs > 0 ? releasedAt(deps, registry, template, run.signal) : undefined,
  ]);
  return {
    ...(install && { installedVersion: install.version }),
    ...(signerBefore && { signerBefore }),
    ...(knownSince !== undefined && { knownSince }),
  };
}

/** As the registry says; where it does not, since this server first saw it there. Ms since the epoch. */
async function releasedAt(
  deps: ActivityDeps,
  registry: RegistryPlugin,
  { name, version }: LockedTemplate,
  signal: AbortSignal,
): Promise<number | undefined> {
  const listed = (await registry.listVersions(name, signal, version)).find((entry) => entry.version === version);
  const said = Date.parse(listed?.publishedAt ?? '');
  if (Number.isFinite(said)) return said;
  const seen = (await deps.store.seen.find(registry.name, name)).versions.find((entry) => entry.version === version);
  return seen && Date.parse(seen.firstSeenAt);
}

/** What the next version, and the next list, are held to. */
async function remember(deps: ActivityDeps, questions: readonly PolicyQuestion[]): Promise<void> {
  const { seen } = deps.store;
  await Promise.all(
    questions.map(async ({ template: { registry, name, version, digest }, signature }) => {
      await seen.fetched(registry, name, version, digest);
      const [best] = signature?.holding ?? [];
      if (best) await seen.rememberSigner(registry, name, best.signer);
    }),
  );
}
