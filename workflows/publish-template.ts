import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { PublishInput, PublishResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Sending takes longer than a transaction, and so does taking it back. */
const ELSEWHERE = { times: 'publishElsewhere', undoTimes: 'undoPublishElsewhere' } as const;

/**
 * Makes a stored archive a version of a registry: looked at from every side first, then written once and for good. To this server's own one
 * by a transaction, to another server's by sending it there.
 */
export async function publishTemplate(input: PublishInput): Promise<PublishResult> {
  const { target, request, requester } = input;
  const operation = new Operation('publish', input);
  const isElsewhere = target.namespace !== LOCAL_REGISTRY;
  return operation.run(async () => {
    const { subject } = await operation.step('structure', 'structure', { target, request, requester });
    const security = await operation.step('security', 'security', { subject });
    const quality = await operation.step('quality', 'quality', { subject });
    await operation.step('dependency', 'dependency', { target, request, subject });
    const score = await operation.step('score', 'score', { subject });
    const report = await operation.step('status', 'status', { target, request, stages: [security, quality], score });
    const outcome = await operation.step(
      'publish',
      'publish',
      { target, request, requester, subject, report },
      { undo: 'undoPublish', ...(isElsewhere && { ...ELSEWHERE, undoInput: { target, request } }) },
    );
    const tell = () => operation.afterthought('update-cache', 'updateCache', { target, names: [target.name] });
    // What another server has published stays: who cancels now comes too late, and is not told anything else.
    await (isElsewhere ? operation.toTheEnd(tell) : tell());
    const { status, reasons, findings, more } = report;
    return { ...outcome, registry: target.namespace, status, reasons, score, findings: findings.length + more };
  });
}
