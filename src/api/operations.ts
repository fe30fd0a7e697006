import { Router } from 'express';
import type { OperationsClient } from '../client/index.ts';
import { auditObject } from '../domain/audit.ts';
import { parseOperationId } from '../domain/operation.ts';
import type { AuditStore } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { requesterOf } from './auth.ts';
import { streamOperation } from './operation-stream.ts';
import { parseWith } from './problem.ts';
import { type ReplayDeps, startReplay } from './replays.ts';
import { operationQuerySchema, replayRequestSchema } from './schemas/operations.ts';

export interface OperationsRouterDeps extends Omit<ReplayDeps, 'operations'> {
  operations: OperationsClient;
  audit: AuditStore;
  /** Aborted when the server stops: open streams end, and their readers come back to another server. */
  stopping: AbortSignal;
}

export function createOperationsRouter(deps: OperationsRouterDeps): Router {
  const { operations, audit, stopping } = deps;
  const router = Router();

  router.get('/', async (request, response) => {
    const { cursor, namespace, template, state, kind, limit } = parseWith(operationQuerySchema, request.query, 'query');
    const filter = {
      ...(cursor && { cursor }),
      ...(namespace && { namespace }),
      ...(template && { template }),
      ...(state && { state }),
      ...(kind && { kind }),
      limit,
    };
    response.json(await operations.list(filter));
  });

  router.get('/:id', async (request, response) => {
    response.json(await operations.get(request.params.id));
  });

  router.get('/:id/events', (request, response) => streamOperation(operations, request, response, stopping));

  router.get('/:id/history', async (request, response) => {
    response.type('application/json').send(await operations.history(request.params.id));
  });

  router.post('/:id/cancel', async (request, response) => {
    const { user } = requesterOf(request);
    const operation = await operations.cancel(request.params.id, user);
    const { id } = operation;
    await audit.append({ actor: user, action: 'cancel', object: objectOf(id), outcome: 'allowed', operation: id });
    response.status(202).location(operation.links.self).json(operation);
  });

  router.post('/:id/replay', async (request, response) => {
    const body = parseWith(replayRequestSchema, request.body ?? {}, 'body');
    const replayed = await startReplay(deps, request, body);
    await audit.append({
      actor: requesterOf(request).user,
      action: 'replay',
      object: objectOf(request.params.id),
      outcome: 'allowed',
      operation: replayed.id,
      detail: { of: request.params.id, from: replayed.from },
    });
    sendAccepted(response, replayed, { from: replayed.from, keeps: replayed.keeps });
  });

  return router;
}

/** What the operation is about, not the operation: that has a column of its own. */
function objectOf(id: string): string {
  const target = parseOperationId(id)?.target;
  return target ? auditObject.target(target) : auditObject.operation(id);
}
