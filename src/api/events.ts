import { Router } from 'express';
import type { FindingEvent, InstallFindingStore } from '../domain/install-findings.ts';
import { installId } from '../domain/operation.ts';
import { decodeCursor, encodeCursor } from '../domain/page-cursor.ts';
import { parseWith } from './problem.ts';
import { eventQuerySchema } from './schemas/events.ts';

export interface EventsRouterDeps {
  findings: Pick<InstallFindingStore, 'events'>;
}

/** What has happened to what is installed without anybody asking for it. */
export function createEventsRouter({ findings }: EventsRouterDeps): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const { namespace, cursor, limit } = parseWith(eventQuerySchema, request.query, 'query');
    const key = ['events', namespace];
    const found = await findings.events({
      ...(namespace !== undefined && { namespace }),
      ...(cursor !== undefined && { below: decodeCursor(cursor, key) }),
      limit: limit + 1,
    });
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    response.json({
      events: shown.map(toBody),
      ...(found.length > limit && last && { nextCursor: encodeCursor(last.id, key) }),
    });
  });
  return router;
}

function toBody({ installs, ...event }: FindingEvent) {
  return {
    ...event,
    installs: installs.map(({ cluster, namespace, name, version }) => ({
      id: installId({ cluster, namespace, name }),
      ...{ namespace, name, version },
    })),
  };
}
