import { z } from 'zod';
import type { GuardedResponse } from '../http/guarded-client.ts';
import { pullScope } from './manifests.ts';
import type { OciSession } from './session.ts';

/** Lists that come in pages: tags of a repository, repositories of a registry. */

const PAGE_SIZE = 1_000;
const MAX_PAGE_BYTES = 4 * 1024 * 1024; // forty times a page of long names; some registries send everything at once
const MAX_TAGS = 20_000; // sorting them must not hold others up; the largest known repositories of charts have some thousands
const MAX_REPOSITORIES = 100_000; // more is no list that a person chooses from
const MAX_PAGES = 5_000; // some registries send 20 at a time whatever they are asked for

const pageSchema = z.object({
  tags: z.array(z.string()).nullable().optional(),
  repositories: z.array(z.string()).nullable().optional(),
});

interface List {
  path: string;
  scope: string;
  member: 'tags' | 'repositories';
  /** Statuses by which a registry says that it has no such list. */
  absent: readonly number[];
  maxNames: number;
}

/** All tags, in the registry's order; undefined when there is no such repository. */
export function readTags(session: OciSession, repository: string, signal?: AbortSignal): Promise<string[] | undefined> {
  const path = `/v2/${repository}/tags/list`;
  return readAll(session, { path, scope: pullScope(repository), member: 'tags', absent: [404], maxNames: MAX_TAGS }, signal);
}

/** All repositories of the registry; undefined when it does not list them (many public ones do not). */
export async function readCatalog(session: OciSession, signal?: AbortSignal): Promise<string[] | undefined> {
  const list: List = {
    path: '/v2/_catalog',
    scope: 'registry:catalog:*',
    member: 'repositories',
    absent: [403, 404, 405, 501],
    maxNames: MAX_REPOSITORIES,
  };
  return readAll(session, list, signal);
}

async function readAll(session: OciSession, list: List, signal: AbortSignal | undefined): Promise<string[] | undefined> {
  const names = new Set<string>();
  let path: string | undefined = `${list.path}?n=${PAGE_SIZE}`;
  for (let page = 0; path !== undefined; page += 1) {
    if (page === MAX_PAGES) throw session.invalid(`${list.path}: the list has more than ${MAX_PAGES} pages`);
    const { scope, absent } = list;
    const response = await session.request({ path, scope, accept: absent, maxBytes: MAX_PAGE_BYTES, signal });
    if (absent.includes(response.status)) {
      await response.discard();
      return page === 0 ? undefined : [...names];
    }
    path = await take(session, list, response, names);
  }
  return [...names];
}

/** Adds one page. Answers where the next one is; undefined after the last. */
async function take(session: OciSession, list: List, response: GuardedResponse, names: Set<string>): Promise<string | undefined> {
  const parsed = pageSchema.safeParse(await response.json());
  const found = parsed.data?.[list.member];
  if (found === undefined) throw session.invalid(`${response.url}: the answer is not a list of ${list.member}`);
  const before = names.size;
  for (const name of found ?? []) names.add(name);
  if (names.size > list.maxNames)
    throw session.invalid(`${response.url}: the list has more than ${list.maxNames} ${list.member}`);
  // A page that says nothing new is the end: a registry must not lead us in a circle.
  if (names.size === before) return undefined;
  const linked = nextLink(session, response.headers.link, list.path);
  if (linked !== undefined) return linked;
  // Some registries cut the list where they were told to and do not say so.
  const last = found?.at(-1);
  return found?.length === PAGE_SIZE && last !== undefined
    ? `${list.path}?n=${PAGE_SIZE}&last=${encodeURIComponent(last)}`
    : undefined;
}

/** The target of `Link: <...>; rel="next"`, which must be another page of the same list. */
export function nextLink(session: OciSession, header: string | undefined, path: string): string | undefined {
  const target = /<([^<>]{1,2048})>\s*;[^<]*\brel="?next"?/i.exec(header ?? '')?.[1];
  if (target === undefined) return undefined;
  const { origin } = session.options;
  const url = URL.canParse(target, `${origin}${path}`) ? new URL(target, `${origin}${path}`) : undefined;
  // A registry behind a proxy may call itself http or by another name: only what stands after the host is taken from it.
  if (url?.pathname === path) return `${url.pathname}${url.search}`;
  throw session.invalid(`${path}: the next page lies elsewhere: ${target.slice(0, 200)}`);
}
