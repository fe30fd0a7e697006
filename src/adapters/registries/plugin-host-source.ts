import { END_WITH_PARENT } from '../end-with-parent.ts';

/**
 * The program of the process a registry plugin runs in, as text: it is started from JavaScript, and this way the same text serves from source
 * and from the build. It loads the module, calls its functions, and hands streams on piece by piece, each when asked for. Everything it
 * says is checked on the other side.
 */
export const PLUGIN_HOST = `${END_WITH_PARENT}

const module = process.argv[1];
const calls = new Map();
const streams = new Map();
let plugin;
let nextStream = 1;

const isStream = (value) => value !== null && typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function';

function share(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  const copy = { ...value };
  for (const key of ['body', 'templates']) {
    if (!isStream(copy[key])) continue;
    const id = nextStream++;
    streams.set(id, copy[key][Symbol.asyncIterator]());
    copy[key] = { stream: id };
  }
  return copy;
}

async function answer({ id, op, method, args, stream }) {
  if (op === 'ping') return undefined;
  if (op === 'load') {
    plugin = await import(module);
    const functions = Object.keys(plugin).filter((key) => typeof plugin[key] === 'function');
    return { apiVersion: plugin.apiVersion, functions };
  }
  if (op === 'next') {
    const iterator = streams.get(stream);
    if (!iterator) return { done: true };
    const { done = false, value } = await iterator.next();
    if (done) streams.delete(stream);
    return { done, value };
  }
  if (op === 'return') {
    const iterator = streams.get(stream);
    streams.delete(stream);
    await iterator?.return?.();
    return undefined;
  }
  const controller = new AbortController();
  calls.set(id, controller);
  try {
    return share(await plugin[method](...args, { signal: controller.signal }));
  } finally {
    calls.delete(id);
  }
}

function explain(error) {
  const { code, message, retryAfterMs, alternatives } = error ?? {};
  return { code, message: typeof message === 'string' ? message : String(error), retryAfterMs, alternatives };
}

process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message.op === 'abort') return calls.get(message.id)?.abort();
  let reply;
  try {
    reply = { id: message.id, value: await answer(message) };
  } catch (error) {
    reply = { id: message.id, error: explain(error) };
  }
  try {
    process.send(reply);
  } catch (error) {
    process.send({ id: message.id, error: { message: 'the answer cannot be handed on: ' + error.message } });
  }
});
`;
