import type {
  V1ResourceAttributes,
  V1SelfSubjectAccessReview,
  V1SelfSubjectReview,
  V1SelfSubjectRulesReview,
} from '@kubernetes/client-node';
import type { AccessQuestion, CallOptions } from '../../domain/cluster.ts';
import type { Identity } from '../../domain/store.ts';
import { parseJson } from './discovery.ts';
import { replyFailure } from './failures.ts';
import { isAllowed } from './rules.ts';
import type { SessionContext } from './session-context.ts';
import { assertStarted } from './startup.ts';

const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1' };
const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1' };

/** One answer per question, in order; equal questions are asked once. A review that says nothing clear counts as no. */
export async function mayI(session: SessionContext, questions: AccessQuestion[], options?: CallOptions): Promise<boolean[]> {
  const byNamespace = new Map<string | undefined, Asked>();
  for (const [key, question] of new Map(questions.map((question) => [keyOf(question), question]))) {
    const group = byNamespace.get(question.namespace);
    if (group) group.push([key, question]);
    else byNamespace.set(question.namespace, [[key, question]]);
  }
  const answers = new Map<string, boolean>();
  await Promise.all(
    [...byNamespace].map(async ([namespace, asked]) => {
      for (const [key, allowed] of await answersOf(session, namespace, asked, options)) answers.set(key, allowed);
    }),
  );
  const allowed = questions.map((question) => answers.get(keyOf(question)) === true);
  // A server that starts knows some rules before others.
  if (allowed.includes(false)) await assertStarted(session.transport, options?.signal);
  return allowed;
}

type Asked = Array<[key: string, question: AccessQuestion]>;

async function answersOf(session: SessionContext, namespace: string | undefined, asked: Asked, options?: CallOptions) {
  // For one question the single review costs the same, and its answer is always complete.
  const rules = namespace !== undefined && asked.length > 1 ? await rulesOf(session, namespace, options) : undefined;
  if (rules) return asked.map(([key, question]): [string, boolean] => [key, isAllowed(rules, question)]);
  return Promise.all(
    asked.map(async ([key, question]): Promise<[string, boolean]> => [key, await review(session, question, options)]),
  );
}

/** Undefined where an authorizer cannot list its rules: then what they leave out may still be allowed. */
async function rulesOf(session: SessionContext, namespace: string, options?: CallOptions) {
  const { status } = await post<V1SelfSubjectRulesReview>(
    session,
    AUTHORIZATION,
    ['SelfSubjectRulesReview', 'selfsubjectrulesreviews'],
    { namespace },
    options,
  );
  return status && !status.incomplete && !status.evaluationError ? status.resourceRules : undefined;
}

async function review(session: SessionContext, question: AccessQuestion, options?: CallOptions): Promise<boolean> {
  const { verb, group, namespace, name } = question;
  const [resource = '', subresource] = question.resource.split('/');
  const resourceAttributes: V1ResourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
  const { status } = await post<V1SelfSubjectAccessReview>(
    session,
    AUTHORIZATION,
    ['SelfSubjectAccessReview', 'selfsubjectaccessreviews'],
    { resourceAttributes },
    options,
  );
  return status?.allowed === true && status.denied !== true;
}

/** Who the cluster takes the session for. */
export async function whoAmI(session: SessionContext, options?: CallOptions): Promise<Identity> {
  const { status } = await post<V1SelfSubjectReview>(
    session,
    AUTHENTICATION,
    ['SelfSubjectReview', 'selfsubjectreviews'],
    undefined,
    options,
  );
  return { user: status?.userInfo?.username ?? '', groups: status?.userInfo?.groups ?? [] };
}

async function post<Review>(
  session: SessionContext,
  { group, version }: { group: string; version: string },
  [kind, plural]: [string, string],
  spec: unknown,
  options?: CallOptions,
): Promise<Review> {
  const reply = await session.call({
    method: 'POST',
    path: `/apis/${group}/${version}/${plural}`,
    body: JSON.stringify({ apiVersion: `${group}/${version}`, kind, spec }),
    signal: options?.signal,
  });
  if (reply.status === 200 || reply.status === 201) return parseJson<Review>(reply);
  throw replyFailure(reply, { verb: 'create', group, resource: plural, kind, identity: session.identity });
}

function keyOf({ verb, group, resource, namespace, name }: AccessQuestion): string {
  return JSON.stringify([verb, group, resource, namespace, name]);
}
