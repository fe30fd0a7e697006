import type { Request } from 'express';
import { Router } from 'express';
import { EVERYWHERE, hasRole } from '../domain/access.ts';
import { ChandleryError } from '../domain/errors.ts';
import { checkOwner, folderName } from '../domain/published.ts';
import type { RegistryPlugin } from '../domain/registry.ts';
import { versionNotFound } from '../domain/registry-versions.ts';
import type { AuditEntry, Store } from '../domain/store.ts';
import { callerOwnsName, requireName } from './access.ts';
import { callerOf, requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import {
  ownersRequestSchema,
  publishedVersionPathSchema,
  ratingRequestSchema,
  ratingsQuerySchema,
  verifiedRequestSchema,
  yankRequestSchema,
} from './schemas/publishing.ts';
import { noQuerySchema, templatePathSchema } from './schemas/registry.ts';

export interface PublishedTemplatesDeps {
  store: Pick<Store, 'published' | 'audit' | 'changes'>;
  /** What this server publishes, its folders' templates too. */
  local: RegistryPlugin;
}

/** What is said and done about templates of this server after they were published. Each change is audited first, and told to every server. */
export function createPublishedTemplatesRouter(deps: PublishedTemplatesDeps): Router {
  const router = Router();
  const nameOf = (request: Request) => parseWith(templatePathSchema, request.params, 'path').name;

  router.post('/:name/versions/:version/yank', async (request, response) => {
    const { reason } = parseWith(yankRequestSchema, request.body ?? {}, 'body');
    response.json(await yank(deps, request, { by: requesterOf(request).user, reason }));
  });
  router.post('/:name/versions/:version/unyank', async (request, response) => {
    response.json(await yank(deps, request, undefined));
  });

  router.get('/:name/ratings', async (request, response) => {
    const { limit } = parseWith(ratingsQuerySchema, request.query, 'query');
    response.json(await ratingsOf(deps, nameOf(request), limit));
  });
  router.post('/:name/ratings', async (request, response) => {
    const name = nameOf(request);
    const { rating, comment } = parseWith(ratingRequestSchema, request.body ?? {}, 'body');
    await existing(deps, name);
    const { user } = requesterOf(request);
    await audit(deps, request, 'rate-template', name, { rating });
    await deps.store.published.rate(name, { user, rating, ...(comment !== undefined && { comment }) });
    await tell(deps, name);
    response.json(await ratingsOf(deps, name, RATINGS_SHOWN));
  });

  router.get('/:name/owners', async (request, response) => {
    parseWith(noQuerySchema, request.query, 'query');
    response.json(await ownersOf(deps, nameOf(request)));
  });
  router.put('/:name/owners', async (request, response) => {
    const name = nameOf(request);
    const { owners } = parseWith(ownersRequestSchema, request.body ?? {}, 'body');
    await requireName(request, name);
    const before = await deps.store.published.owners(name);
    if (!before) throw await nobodysName(deps, request, name);
    await mayDecide(deps, request, 'change-owners', name, before.owners);
    const wanted = [...new Set(owners)];
    await audit(deps, request, 'change-owners', name, { before: before.owners, owners: wanted });
    response.json((await deps.store.published.setOwners(name, wanted)) ?? (await ownersOf(deps, name)));
  });

  router.get('/:name/verified', async (request, response) => {
    const name = nameOf(request);
    parseWith(noQuerySchema, request.query, 'query');
    await existing(deps, name);
    response.json({ name, verified: (await deps.store.published.verified(name)) ?? null });
  });
  router.put('/:name/verified', async (request, response) => {
    const name = nameOf(request);
    const { note } = parseWith(verifiedRequestSchema, request.body ?? {}, 'body');
    response.json(await verify(deps, request, name, note));
  });
  router.delete('/:name/verified', async (request, response) => {
    response.json(await verify(deps, request, nameOf(request), undefined));
  });

  return router;
}

/** Ratings answered with one that was just given. */
const RATINGS_SHOWN = 20;

async function yank(deps: PublishedTemplatesDeps, request: Request, yanked: { by: string; reason: string } | undefined) {
  const { name, version } = parseWith(publishedVersionPathSchema, request.params, 'path');
  const { published } = deps.store;
  const action = yanked ? 'yank-version' : 'unyank-version';
  await requireName(request, name);
  if (!(await published.find(name, version))) throw await notPublished(deps, name, version);
  await mayDecide(deps, request, action, name, (await ownersOf(deps, name)).owners);
  await audit(deps, request, action, `${name}@${version}`, yanked && { reason: yanked.reason });
  await published.setYanked(name, version, yanked);
  await tell(deps, name);
  return { name, version, yanked: (await published.find(name, version))?.yanked ?? null };
}

/** The mark is for owners that are proven: an administrator vouches, or a token that was given for just these names. */
async function verify(deps: PublishedTemplatesDeps, request: Request, name: string, note: string | undefined) {
  const { published } = deps.store;
  const action = note === undefined ? 'unverify-template' : 'verify-template';
  await requireName(request, name);
  await existing(deps, name);
  if (!isAdmin(request) && !callerOwnsName(request, name)) {
    const { user } = requesterOf(request);
    await deny(deps, request, action, name, 'forbidden');
    throw new ChandleryError(
      'forbidden',
      `only an administrator, or a token with the scope templates:publish/<names of the publisher>, may vouch for ${name}; ${user} has neither`,
      { template: name, missing: [{ role: 'admin', namespace: EVERYWHERE }] },
    );
  }
  await audit(deps, request, action, name, note === undefined ? undefined : { note });
  await published.setVerified(name, note === undefined ? undefined : { by: requesterOf(request).user, note });
  await tell(deps, name);
  return { name, verified: (await published.verified(name)) ?? null };
}

async function ratingsOf({ store: { published }, local }: PublishedTemplatesDeps, name: string, limit: number) {
  const { rating, ratingCount = 0 } = await local.getTemplate(name);
  return { name, ...(rating !== undefined && { rating }), ratingCount, ratings: await published.ratings(name, limit) };
}

async function ownersOf(deps: PublishedTemplatesDeps, name: string) {
  const owners = await deps.store.published.owners(name);
  if (owners) return owners;
  await existing(deps, name);
  // One of the server's own folders: it is the operator's, and nobody's over the API.
  return { name, owners: [] };
}

/** Owners decide about their names; an administrator may step in. */
async function mayDecide(deps: PublishedTemplatesDeps, request: Request, action: string, name: string, owners: string[]) {
  if (isAdmin(request) || callerOwnsName(request, name)) return;
  try {
    checkOwner(requesterOf(request).user, { name, owners });
  } catch (error) {
    await deny(deps, request, action, name, 'not_owner');
    throw error;
  }
}

function isAdmin(request: Request): boolean {
  return hasRole(callerOf(request).roles, 'admin', EVERYWHERE);
}

/** Fails with template_not_found. */
async function existing({ local }: PublishedTemplatesDeps, name: string): Promise<void> {
  await local.listVersions(name);
}

async function notPublished({ local }: PublishedTemplatesDeps, name: string, version: string): Promise<Error> {
  const known = (await local.listVersions(name)).map((entry) => entry.version);
  if (!known.includes(version)) return versionNotFound(local.name, name, version, known);
  return new ChandleryError(
    'registry_read_only',
    `${name}@${version} lies in a folder of this server and was not published to it: put an empty file ${version}.yanked beside it`,
    { template: `${name}@${version}` },
  );
}

async function nobodysName(deps: PublishedTemplatesDeps, request: Request, name: string): Promise<Error> {
  await existing(deps, name);
  await deny(deps, request, 'change-owners', name, 'not_owner');
  return folderName(name);
}

async function tell({ store: { changes } }: PublishedTemplatesDeps, name: string): Promise<void> {
  await changes.publish({ type: 'published.changed', name });
}

async function audit(
  { store }: PublishedTemplatesDeps,
  request: Request,
  action: string,
  object: string,
  detail?: AuditEntry['detail'],
): Promise<void> {
  const { user } = requesterOf(request);
  await store.audit.append({
    ...{ actor: user, action, object: `template/${object}`, outcome: 'allowed' },
    ...(detail && { detail }),
  });
}

async function deny({ store }: PublishedTemplatesDeps, request: Request, action: string, name: string, code: string) {
  const { user } = requesterOf(request);
  await store.audit.append({ actor: user, action, object: `template/${name}`, outcome: 'denied', code });
}
