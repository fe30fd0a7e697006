import { Router } from 'express';
import { callerOf } from './auth.ts';

/** What this server takes the caller for: the first thing to look at when a request is refused. */
export function createWhoamiRouter(): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const { identity, via, roles, scopes, token } = callerOf(request);
    response
      .set('Cache-Control', 'no-store')
      .json({ ...identity, via, roles, ...(scopes !== undefined && { scopes }), ...(token && { token }) });
  });
  return router;
}
