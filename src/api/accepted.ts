import type { Response } from 'express';
import type { Accepted } from '../client/start.ts';

/** Answers 202 with where to look (DESIGN section 14): every change that runs as an operation is accepted, not done. */
export function sendAccepted(response: Response, { id, joined }: Accepted, more: Record<string, unknown> = {}): void {
  const operation = `/api/v1/operations/${id}`;
  response
    .status(202)
    .location(operation)
    .json({ operation: id, joined, links: { operation, events: `${operation}/events` }, ...more });
}
