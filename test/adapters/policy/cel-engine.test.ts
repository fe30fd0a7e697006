import { afterAll, describe, expect, it } from '@jest/globals';
import { createCelEngine } from '../../../src/adapters/policy/cel-engine.ts';
import { POLICY_LIMITS } from '../../../src/domain/policy/engine.ts';
import { ENDLESS_LOOP, ENDLESS_PATTERN, INPUT, ruleOf } from './support.ts';

const engine = createCelEngine();
afterAll(() => engine.close());

const verdictOf = async (expression: string, more = {}, input = INPUT) =>
  (await engine.evaluate([ruleOf(expression, more)], input))[0];

describe('evaluate', () => {
  it.each([
    ['template.metadata.name == "shop"'],
    ['files.exists(f, f.path == "README.md" && f.size > 1000)'],
    ['objects.all(o, o.spec.replicas >= 2)'],
    ['objects.all(o, o.spec.replicas + 1 == 3)'],
    ['objects.all(o, o.spec.ratio < 1.0)'],
    ['registry.type == "institutional" && registry.name == "campus"'],
    ['!has(template.metadata.homepage)'],
    ['size(unreadable) == 0'],
  ])('holds: %s', async (expression) => {
    expect(await verdictOf(expression)).toMatchObject({ verdict: 'held' });
  });

  it('makes the message for this very template', async () => {
    const messageExpression = '"needs " + string(objects[0].spec.replicas) + " replicas"';
    expect(await verdictOf('false', { messageExpression })).toMatchObject({ verdict: 'broken', message: 'needs 2 replicas' });
  });

  it('takes the plain message when the other cannot be made', async () => {
    expect(await verdictOf('false', { messageExpression: 'template.nothing' })).toMatchObject({ message: 'it does not hold' });
  });

  it('works variables out from those before them, only when they are asked for', async () => {
    const variables = [
      { name: 'broken', expression: 'template.nothing' },
      { name: 'count', expression: 'size(objects)' },
      { name: 'twice', expression: 'variables.count * 2' },
    ];
    expect(await verdictOf('variables.twice == 2', { variables })).toMatchObject({ verdict: 'held' });
    expect(await verdictOf('variables.broken == 2', { variables })).toMatchObject({ verdict: 'undecided' });
  });

  it('decides nothing where the expression fails, and says why', async () => {
    const outcome = await verdictOf('template.metadata.homepage != ""');
    expect(outcome).toMatchObject({ verdict: 'undecided', message: expect.stringContaining('No such key: homepage') });
    expect(await verdictOf('template.metadata.name')).toMatchObject({ verdict: 'undecided' });
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('sees no key %s that nobody wrote', async (key) => {
    expect(await verdictOf(`has(template.${key})`)).toMatchObject({ verdict: 'broken' });
    expect(await verdictOf(`"${key}" in template`)).toMatchObject({ verdict: 'broken' });
  });

  it('has the keys that somebody wrote', async () => {
    const template = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    expect(
      await verdictOf('template["__proto__"].polluted && template["constructor"] == 1', {}, { ...INPUT, template }),
    ).toMatchObject({
      verdict: 'held',
    });
  });
});

describe('attack: a policy that never ends', () => {
  it.each([
    ['a loop in loops', ENDLESS_LOOP],
    ['a pattern that goes back for ever', ENDLESS_PATTERN],
  ])('is cut off: %s', async (_name, expression) => {
    const started = Date.now();
    const outcome = await verdictOf(expression);
    expect(outcome).toMatchObject({ verdict: 'undecided', message: expect.stringContaining('was cut off') });
    expect(Date.now() - started).toBeLessThan(POLICY_LIMITS.ruleMs + 10_000);
  });

  it('takes nothing from the rules before and after it, nor from the next template', async () => {
    const outcomes = await engine.evaluate([ruleOf('true'), ruleOf(ENDLESS_PATTERN), ruleOf('size(files) == 2')], INPUT);
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['held', 'undecided', 'held']);
    expect(await verdictOf('true')).toMatchObject({ verdict: 'held' });
  });

  it('leaves the server turning meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 10);
    await verdictOf(ENDLESS_PATTERN);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('an expression that eats memory', () => {
  it('ends its thread and nothing else', async () => {
    const grow = Array.from({ length: 24 }, (_, at) => `cel.bind(x${at + 1}, x${at} + x${at}`).join(', ');
    const expression = `cel.bind(x0, [1, 2, 3, 4], ${grow}, size(x24) > 0${')'.repeat(25)}`;
    expect(await verdictOf(expression)).toMatchObject({ verdict: 'undecided' });
    expect(await verdictOf('true')).toMatchObject({ verdict: 'held' });
  });
});

describe('check', () => {
  it.each([
    ['template.metadata.name ==', 'bool', 'Unexpected token', 25],
    ['size(objects) > 1 && unknown.x', 'bool', 'Unknown variable: unknown', 21],
    ['"a" + 1', 'string', 'no such overload', 0],
    ['size(files)', 'bool', 'comes to int, and bool is wanted', 0],
    ['files.frobnicate()', 'any', 'frobnicate', undefined],
  ] as const)('tells what is wrong with %s', (expression, expects, message, offset) => {
    const problem = engine.check(expression, expects);
    expect(problem?.message).toContain(message);
    if (offset !== undefined) expect(problem?.offset).toBe(offset);
  });

  it('refuses an expression that is too long, too deep or too large', () => {
    expect(engine.check(`true${' && true'.repeat(1_000)}`, 'bool')?.message).toContain('characters long');
    expect(engine.check(`${'('.repeat(100)}true${')'.repeat(100)}`, 'bool')).toBeDefined();
    expect(engine.check(`size([${'1,'.repeat(1_500)}1]) > 0`, 'bool')).toBeDefined();
  });

  it('lets through what shows its type only later', () => {
    expect(engine.check('template.metadata.flag', 'bool')).toBeUndefined();
  });
});
