import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { RegistryPlugin } from '../domain/registry.ts';

/**
 * Everything this server publishes, one template a line (JSON lines), for servers that keep a copy. Conditional: with the ETag of the
 * last answer in If-None-Match, an unchanged catalog is 304 and nothing else.
 */
export async function sendCatalog(source: RegistryPlugin, request: Request, response: Response): Promise<void> {
  const known = /^(?:W\/)?"([0-9A-Za-z:._-]{1,200})"$/.exec(request.get('if-none-match') ?? '')?.[1];
  const listing = await source.list(known === undefined ? {} : { validator: known });
  if (listing.unchanged) return void response.status(304).set('ETag', `"${known}"`).end();
  const { validator, templates } = listing;
  response.set({
    'Content-Type': 'application/jsonl',
    'Cache-Control': 'no-cache',
    ...(validator && { ETag: `"${validator}"` }),
  });
  for await (const batch of templates) {
    if (response.destroyed) return;
    const text = batch.map((template) => `${JSON.stringify(template)}\n`).join('');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
