import type { Engine } from '../src/client/engine.ts';
import { createEngine } from '../src/client/engine.ts';
import { PayloadReader } from '../src/client/history.ts';
import { startOptions } from '../src/client/start.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { Target } from '../src/domain/operation.ts';
import { parseOperationId, targetId } from '../src/domain/operation.ts';
import { startRegistryServer } from '../src/registry.ts';
import type { FaultProxy } from '../test/support/fault-proxy.ts';
import { startFaultProxy } from '../test/support/fault-proxy.ts';
import type { TemplateFixture } from '../test/support/registry-folder.ts';
import { createRegistryFolder } from '../test/support/registry-folder.ts';
import type { ApiClient } from '../tools/lab/api-client.ts';
import type { Lab } from '../tools/lab/index.ts';
import { openLab } from '../tools/lab/index.ts';
import type { InstallInput } from '../workflows/messages.ts';
import type { Cleanup } from './cleanup.ts';

const TOKEN = 'registry-token-of-the-benchmarks';
const PRODUCT_QUEUE = 'chandlery';
const ENGINE_NAMESPACE = 'default';

/** What the figures that need a running Chandlery share: engine, store, registry and API; workers are each figure's own. */
export interface Stage {
  lab: Lab;
  api: ApiClient;
  registry: FaultProxy;
  /** A client of the same engine, on the product's task queue or another one. */
  connect(taskQueue?: string): Engine;
}

export async function openStage(
  templates: readonly TemplateFixture[],
  { log, cleanup, env }: { log: (line: string) => void; cleanup: Cleanup; env?: Record<string, string> },
): Promise<Stage> {
  const folder = await createRegistryFolder(templates);
  cleanup.add(folder.remove);
  const server = await startRegistryServer({ port: 0, host: '127.0.0.1', templatesDir: folder.dir, token: TOKEN, name: 'main' });
  cleanup.add(server.close);
  const registry = await startFaultProxy({ target: server.url });
  cleanup.add(registry.close);
  const lab = await openLab({
    registries: [{ name: 'main', url: registry.url, default: true, token: TOKEN }],
    // Writing log lines is not what is measured.
    env: { CHANDLERY_LOG_LEVEL: 'warn', ...env },
    log,
  });
  cleanup.add(() => lab.close());
  const { client } = await lab.startApi();
  return {
    lab,
    api: client,
    registry,
    connect(taskQueue = PRODUCT_QUEUE) {
      const engine = createEngine({ address: lab.engine.temporalAddress, namespace: ENGINE_NAMESPACE, taskQueue });
      cleanup.add(() => engine.connection.close());
      return engine;
    },
  };
}

export async function historyOf(engine: Engine, operation: string) {
  const run = parseOperationId(operation);
  if (!run) throw new Error(`${operation} is no operation id`);
  const { events } = await engine.client.workflow.getHandle(targetId(run.target), run.runId).fetchHistory();
  return events ?? [];
}

/** The workflow input of an operation, exactly as the API made it. */
export async function inputOf(engine: Engine, operation: string): Promise<InstallInput> {
  const [first] = await historyOf(engine, operation);
  const input = await new PayloadReader(engine.client).first(first?.workflowExecutionStartedEventAttributes?.input);
  return input as InstallInput;
}

/** Everything the API's own start of this input would send: id, queue, policy, memo, search attributes, summary. */
export function optionsFor(engine: Engine, input: InstallInput) {
  return startOptions(
    engine,
    'install',
    input,
    jsonDigest({ kind: 'install', target: input.target, request: input.request, resume: null }),
  );
}

export function inNamespace(input: InstallInput, namespace: string): InstallInput {
  const target: Target = { ...input.target, namespace };
  return { ...input, target };
}
