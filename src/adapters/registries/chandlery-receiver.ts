import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ChandleryError, type ErrorDetails } from '../../domain/errors.ts';
import { LOCAL_CLUSTER, LOCAL_REGISTRY, operationId, parseOperationId, type Target, targetId } from '../../domain/operation.ts';
import type { ArchiveToSend, RemoteOperation, TemplateReceiver } from '../../domain/receiver.ts';
import { refusalOf } from '../../domain/receiver.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import { statusFailure } from '../http/failures.ts';
import type { GuardedClient, GuardedRequest, GuardedResponse } from '../http/guarded-client.ts';

/** ms for one archive on its way: 256 MB at 250 KB/s, as for one that is fetched. */
const SEND_TIMEOUT_MS = 20 * 60 * 1000;
/** ms in which the other server has to take some bytes, and, when it has them all, to have looked through them and stored them. */
const TAKE_TIMEOUT_MS = 60_000;
/** Bytes of one operation; its report has at most a few hundred findings. */
const MAX_OPERATION_BYTES = 4 * 1024 * 1024;
/** Statuses of refusals that say why; 429 and 5xx are the client's own to tell. */
const REFUSALS = [400, 401, 403, 404, 405, 409, 413, 415, 422];
/** Characters of a text of the other server that is shown. */
const MAX_TEXT = 4_096;
const MAX_LIST = 100;

/** What the store cannot hold is taken out of it, and what nobody would read to its end is cut. */
const text = z.string().transform((value) => value.replaceAll('\0', '').slice(0, MAX_TEXT));
const texts = z.array(text).transform((all) => all.slice(0, MAX_LIST));
const record = z.record(z.string(), z.unknown());

const acceptedSchema = z.object({ operation: z.string(), joined: z.boolean() });
const operationSchema = z.object({
  id: z.string(),
  state: z.string(),
  step: text.optional(),
  endedAt: z.string().optional(),
  input: record.optional(),
  failure: z.object({ code: text, message: text, step: text.optional(), details: record.optional() }).optional(),
  result: z.unknown().optional(),
  warnings: texts.default([]),
});
const verdictSchema = z.object({ status: text, reasons: texts.default([]) });
const listSchema = z.object({ operations: z.array(z.object({ id: z.string(), target: z.string() })) });
const problemSchema = z.object({
  code: text,
  detail: text.default(''),
  errors: z.array(z.object({ path: text, message: text, line: z.number().optional(), column: z.number().optional() })).optional(),
  alternatives: texts.optional(),
  templateError: z.object({ details: record }).optional(),
});

/** The writing side of the registry protocol: what is published to another Chandlery goes to its own registry, never further. */
export function createChandleryReceiver(config: RegistryConfig, client: GuardedClient): TemplateReceiver {
  const remote = new Receiver(config, client);
  return {
    async prepare(name, signal) {
      // An operation that cannot be: whoever may read one hears that there is none.
      await remote.operation(operationId(targetOf(name), randomUUID()), signal, name);
    },
    async send(archive, signal) {
      const sent = await remote.ask(
        acceptedSchema,
        `/templates?registry=${LOCAL_REGISTRY}`,
        formOf(archive),
        signal,
        archive.name,
      );
      return { operation: remote.checked(sent.operation), joined: sent.joined };
    },
    async follow(operation, signal) {
      const found = await remote.operation(operation, signal);
      return found && viewOf(found);
    },
    async find({ name, version, digest }, signal) {
      const path = `/operations?kind=publish&state=running&template=${encodeURIComponent(name)}&limit=${MAX_LIST}`;
      const { operations } = await remote.ask(listSchema, path, {}, signal, name);
      const [running] = operations.filter(({ target }) => target === targetId(targetOf(name)));
      const found = running && (await remote.operation(remote.checked(running.id), signal));
      return found && found.input?.version === version && found.input.digest === digest ? found.id : undefined;
    },
    cancel: (operation, signal) => remote.cancel(operation, signal),
  };
}

const targetOf = (name: string): Target => ({ kind: 'publish', cluster: LOCAL_CLUSTER, namespace: LOCAL_REGISTRY, name });

type Sent = Pick<GuardedRequest, 'method' | 'body' | 'headers' | 'timeoutMs' | 'answerMs'>;

/** The digest goes first, so that bytes that were changed on the way are refused before they are stored. */
function formOf({ name, version, digest, size, body, signature }: ArchiveToSend): Sent {
  const boundary = `chandlery-${randomUUID()}`;
  const field = (named: string, value: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${named}"\r\n\r\n${value}\r\n`;
  const head = Buffer.from(
    [
      field('digest', digest),
      ...(signature === undefined ? [] : [field('signature', signature)]),
      `--${boundary}\r\ncontent-disposition: form-data; name="archive"; filename="${name}-${version}"\r\n`,
      'content-type: application/octet-stream\r\n\r\n',
    ].join(''),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* form(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* body;
    yield tail;
  }
  return {
    method: 'POST',
    body: form(),
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + tail.length),
    },
    ...{ timeoutMs: SEND_TIMEOUT_MS, answerMs: TAKE_TIMEOUT_MS },
  };
}

function viewOf({ id, state, step, endedAt, failure, result, warnings }: z.infer<typeof operationSchema>): RemoteOperation {
  const ended = endedAt === undefined ? undefined : state === 'succeeded' || state === 'cancelled' ? state : 'failed';
  const verdict = verdictSchema.safeParse(result).data;
  return {
    id,
    ...(ended && { ended }),
    ...(step !== undefined && { step }),
    ...(failure && {
      failure: {
        ...{ code: failure.code, message: failure.message, details: failure.details ?? {} },
        ...(failure.step !== undefined && { step: failure.step }),
      },
    }),
    ...(verdict && { verdict }),
    warnings,
  };
}

class Receiver {
  constructor(
    readonly config: RegistryConfig,
    readonly client: GuardedClient,
  ) {}

  async operation(
    id: string,
    signal: AbortSignal | undefined,
    template?: string,
  ): Promise<z.infer<typeof operationSchema> | undefined> {
    try {
      return await this.ask(operationSchema, `/operations/${id}`, {}, signal, template);
    } catch (error) {
      if (error instanceof ChandleryError && error.code === 'operation_not_found') return undefined;
      throw error;
    }
  }

  async cancel(id: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.ask(z.unknown(), `/operations/${id}/cancel`, { method: 'POST' }, signal);
    } catch (error) {
      const ended = error instanceof ChandleryError && ['operation_ended', 'operation_not_found'].includes(error.code);
      if (!ended) throw error;
    }
  }

  /** `template`: what is published; of it, a path that is not there says that nothing can be. */
  async ask<T>(schema: z.ZodType<T>, path: string, sent: Sent, signal: AbortSignal | undefined, template?: string): Promise<T> {
    const { url, name, credentials } = this.config;
    const response = await this.client.request({
      ...sent,
      url: `${url}/api/v1${path}`,
      headers: { accept: 'application/json', ...sent.headers },
      ...{ registry: name, credentials, signal, accept: REFUSALS, maxBytes: MAX_OPERATION_BYTES },
    });
    if (response.status >= 400) throw await this.#refused(response, template);
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.#invalid(`${response.url}: ${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not valid'}`);
  }

  /** Ids become part of paths, and another server may answer anything. */
  checked(operation: string): string {
    if (parseOperationId(operation)) return operation;
    throw this.#invalid(`${this.config.url} names an operation in a way that no Chandlery does`);
  }

  async #refused(response: GuardedResponse, template: string | undefined): Promise<ChandleryError> {
    const { status, url } = response;
    const { name } = this.config;
    const problem = problemSchema.safeParse(await response.json().catch(() => undefined)).data;
    if (template !== undefined && (status === 405 || (status === 404 && (problem?.code ?? 'not_found') === 'not_found')))
      return new ChandleryError('registry_read_only', `${name} takes nothing in (${url} answered ${status})`, {
        ...{ registry: name, template, upstreamStatus: status },
      });
    if (!problem) return statusFailure(status, undefined, { url, registry: name }) ?? this.#invalid(`${url} answered ${status}`);
    const { code, detail, errors: issues, alternatives, templateError } = problem;
    const details: ErrorDetails = {
      ...templateError?.details,
      ...(issues && { issues: issues as NonNullable<ErrorDetails['issues']> }),
      ...(alternatives && { alternatives }),
      ...(template !== undefined && { template }),
    };
    return refusalOf(name, { code, message: detail, details, status });
  }

  #invalid(message: string): ChandleryError {
    return new ChandleryError('registry_invalid', message, { registry: this.config.name });
  }
}
