import type { PublishInput, PublishResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Makes a stored archive a version of this server's own registry: looked at from every side first, then written once and for good. */
export async function publishTemplate(input: PublishInput): Promise<PublishResult> {
  const { target, request, requester } = input;
  const operation = new Operation('publish', input);
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
      { undo: 'undoPublish' },
    );
    await operation.afterthought('update-cache', 'updateCache', { target, names: [target.name] });
    const { status, reasons, findings, more } = report;
    return { ...outcome, registry: target.namespace, status, reasons, score, findings: findings.length + more };
  });
}
