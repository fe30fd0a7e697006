import { Router } from 'express';

/** Longer than any part should need to say that it is there, milliseconds. */
const CHECK_TIMEOUT_MS = 3_000;

export interface PartHealth {
  name: string;
  ok: boolean;
  detail?: string;
}

/** Checks of the parts this server needs; each rejects with a reason when its part is away. */
export type HealthChecks = Record<string, () => Promise<string | undefined>>;

/** `/healthz`: this process answers. `/readyz`: so does everything it needs; it names the part that does not. */
export function createHealthRouter(checks: HealthChecks, stopping: AbortSignal): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  router.get('/readyz', async (_request, response) => {
    const parts = await Promise.all(Object.entries(checks).map(([name, check]) => healthOf(name, check)));
    const ok = !stopping.aborted && parts.every((part) => part.ok);
    response.status(ok ? 200 : 503).json({ ok, ...(stopping.aborted && { stopping: true }), parts });
  });
  return router;
}

async function healthOf(name: string, check: () => Promise<string | undefined>): Promise<PartHealth> {
  const timeout = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS / 1_000} s`)), CHECK_TIMEOUT_MS).unref(),
  );
  try {
    const detail = await Promise.race([check(), timeout]);
    return { name, ok: true, ...(detail !== undefined && { detail }) };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
