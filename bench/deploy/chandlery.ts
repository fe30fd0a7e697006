import { Client } from 'undici';
import { readEvents } from '../../src/cli/sse.ts';
import type { OperationView } from '../../src/domain/operation.ts';
import { installId } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Shape } from './objects.ts';
import { SECOND_TEXT } from './objects.ts';

/** One change, as somebody at the API sees it. */
export interface Change {
  /** From the request until its stream of events has shown the operation's end. */
  ms: number;
  operation: OperationView;
}

export interface Chandlery {
  deploy(name: string, shape: Shape): Promise<Change>;
  upgrade(name: string): Promise<Change>;
  rollback(name: string): Promise<Change>;
  destroy(name: string): Promise<Change>;
  close(): Promise<void>;
}

/** Changes over one kept connection, each followed by its server-sent events: they come when something happens, so nothing is asked in vain. */
export function openChandlery({ url, token }: Pick<ApiClient, 'url' | 'token'>, namespace: string): Chandlery {
  const http = new Client(url);
  const authorization = `Bearer ${token}`;
  const idOf = (name: string) => installId({ cluster: 'local', namespace, name });

  const change = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object = {}): Promise<Change> => {
    const startedAt = performance.now();
    const answer = await http.request({
      method,
      path: `/api/v1/deployments${path}`,
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.statusCode !== 202)
      throw new Error(`${method} ${path} was answered with ${answer.statusCode}: ${await answer.body.text()}`);
    const { links } = (await answer.body.json()) as { links: { events: string } };
    const operation = await follow(links.events);
    return { ms: performance.now() - startedAt, operation };
  };

  const follow = async (path: string): Promise<OperationView> => {
    const { body } = await http.request({ method: 'GET', path, headers: { authorization } });
    let ended: OperationView | undefined;
    // Read to its end, so that the connection is free for the next request.
    for await (const event of readEvents(body)) {
      const seen = event?.event === 'operation' ? (JSON.parse(event.data) as OperationView) : undefined;
      if (seen?.endedAt !== undefined) ended = seen;
    }
    if (ended?.state !== 'succeeded') throw new Error(`the operation did not succeed: ${JSON.stringify(ended)}`);
    return ended;
  };

  return {
    deploy: (name, shape) => change('POST', '', { namespace, ref: shape.name, name, parameters: { instance: name } }),
    upgrade: (name) => change('PATCH', `/${idOf(name)}`, { parameters: { text: SECOND_TEXT } }),
    rollback: (name) => change('POST', `/${idOf(name)}/rollback`, { revision: 1 }),
    destroy: (name) => change('DELETE', `/${idOf(name)}`),
    close: () => http.close(),
  };
}
