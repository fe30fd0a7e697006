/**
 * The program of the process that evaluates expressions, as text: it is started from JavaScript, and this way the same text serves from
 * source and from the build. The first message brings what it needs, one brings a template's input, the others a rule each; each gets one answer.
 * Everything of the input becomes a Map, so that a key such as `constructor` means nothing but itself, and whole numbers become BigInt,
 * which is what CEL's `int` is.
 */
export const CEL_HOST = `
const vm = require('node:vm');
let environment;
let input;
let ruleMs;
let messageLength;

function toCel(value) {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (value === null || typeof value !== 'object') return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, toCel(member)]));
}

async function prepare({ names, limits, cel, ...more }) {
  ({ ruleMs, messageLength } = more);
  const { Environment } = await import(cel);
  environment = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true, limits });
  for (const name of [...names, 'variables']) environment.registerVariable(name, 'dyn');
}

/** Each variable is worked out when a rule first asks for it, as in Kubernetes. */
function scopeOf(variables) {
  const known = {};
  const scope = { ...input, variables: known };
  for (const { name, expression } of variables) {
    let value;
    let done = false;
    const get = () => {
      if (!done) {
        value = environment.evaluate(expression, scope);
        done = true;
      }
      return value;
    };
    Object.defineProperty(known, name, { enumerable: true, get });
  }
  return scope;
}

function ask({ expression, messageExpression, variables }) {
  const scope = scopeOf(variables);
  const answer = environment.evaluate(expression, scope);
  if (typeof answer !== 'boolean') return { error: 'is not true or false' };
  if (answer || messageExpression === undefined) return { answer };
  try {
    const message = environment.evaluate(messageExpression, scope);
    return { answer, ...(typeof message === 'string' && { message: message.slice(0, messageLength) }) };
  } catch {
    // As in Kubernetes: a message that cannot be made is replaced by the plain one.
    return { answer };
  }
}

// The timer of another thread ends what does not end: also a regular expression, and also when nobody waits for this process any more.
function askInTime(rule) {
  globalThis.asked = () => ask(rule);
  try {
    return vm.runInThisContext('globalThis.asked()', { timeout: ruleMs });
  } catch (error) {
    if (error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return { error: 'did not come to an end within ' + ruleMs + ' ms and was cut off' };
    throw error;
  }
}

async function answer({ prepared, load, rule }) {
  if (prepared !== undefined) await prepare(prepared);
  else if (load !== undefined) input = Object.fromEntries(Object.entries(load).map(([name, value]) => [name, toCel(value)]));
  else return askInTime(rule);
  return { answer: true };
}

process.on('message', async (message) => {
  try {
    process.send({ id: message.id, ...(await answer(message)) });
  } catch (error) {
    const words = error?.summary ?? error?.message ?? String(error);
    process.send({ id: message.id, error: ('failed: ' + words).slice(0, messageLength) });
  }
});
process.on('disconnect', () => process.exit());
`;
