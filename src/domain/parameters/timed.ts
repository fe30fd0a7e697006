import { createContext, Script } from 'node:vm';
import { ChandleryError } from '../errors.ts';

/** Milliseconds for compiling a template's schema and checking values by it. The largest sane ones take a few. */
const CHECK_TIMEOUT_MS = 1000;

const script = new Script('run()');

/**
 * Runs code whose time a template's author decides: a pattern such as `(a+)+$`, or a schema that branches at every level, would otherwise
 * hold the whole process. The engine ends it, in regular expressions too. Fails with template_invalid after a second.
 */
export function withinTime<Value>(run: () => Value): Value {
  const box: { run: () => void; value?: { done: Value } } = {
    run: () => {
      box.value = { done: run() };
    },
  };
  try {
    script.runInContext(createContext(box), { timeout: CHECK_TIMEOUT_MS });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const message = `checking the parameters by the template's schema takes longer than ${CHECK_TIMEOUT_MS} ms: its patterns or choices must be simpler`;
    throw new ChandleryError('template_invalid', message, { issues: [{ path: '/spec/parameters', message }] }, { cause: error });
  }
  if (box.value === undefined) throw new Error('the check gave nothing back');
  return box.value.done;
}
