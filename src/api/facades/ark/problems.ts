import type { ErrorRequestHandler } from 'express';
import type { AccessQuestion } from '../../../domain/cluster.ts';
import { ChandleryError } from '../../../domain/errors.ts';
import { requesterOf } from '../../auth.ts';
import { sendProblem } from '../../problem.ts';
import { malformedBody } from './parse.ts';

/** Turns failures into the answers that clients of this contract know; all others go on to the common problem documents. */
export function sourceProblems(): ErrorRequestHandler {
  // Express tells error handlers from others by their four parameters.
  return (error: unknown, request, response, next) => {
    if ((error as { type?: unknown } | null)?.type === 'entity.parse.failed') return next(malformedBody());
    if (!(error instanceof ChandleryError) || error.code !== 'forbidden' || response.headersSent) return next(error);
    const [missing] = (error.details.missing ?? []) as AccessQuestion[];
    sendProblem(error, request, response, {
      error: 'impersonation_forbidden',
      user: requesterOf(request).user,
      resource: missing?.resource ?? 'configmaps',
      namespace: missing?.namespace ?? String(request.params.namespace ?? ''),
      action: missing?.verb ?? (request.method === 'GET' ? 'get' : 'patch'),
    });
  };
}
