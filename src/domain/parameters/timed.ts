import { createContext, Script } from 'node:vm';
import { ChandleryError } from '../errors.ts';

/** Milliseconds for compiling a template's schema and checking values by it. The largest sane ones take a few, a busy machine ten times that. */
const CHECK_TIMEOUT_MS = 2000;

const script = new Script('run()');
// Made once: a context costs a millisecond.
const context: { run?: () => void } = createContext({});

/**
 * Runs code whose time a template's author decides: a pattern such as `(a+)+$`, or a schema that branches at every level, would otherwise
 * hold the whole process. The engine ends it, in regular expressions too. Fails with template_invalid after two seconds.
 */
export function withinTime<Value>(run: () => Value): Value {
  let done: { value: Value } | undefined;
  context.run = () => {
    done = { value: run() };
  };
  try {
    script.runInContext(context, { timeout: CHECK_TIMEOUT_MS });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const message = `checking the parameters by the template's schema takes longer than ${CHECK_TIMEOUT_MS} ms: its patterns or choices must be simpler`;
    throw new ChandleryError('template_invalid', message, { issues: [{ path: '/spec/parameters', message }] }, { cause: error });
  }
  if (done === undefined) throw new Error('the check gave nothing back');
  return done.value;
}
