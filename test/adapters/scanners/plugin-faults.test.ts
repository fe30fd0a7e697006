import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { stagesOfPlugin } from '../../../src/adapters/scanners/plugin.ts';
import { PLUGIN_HOST } from '../../../src/adapters/scanners/plugin-host-source.ts';
import { judgeSubject } from '../../../src/domain/judgement.ts';
import { runValidators } from '../../../src/domain/validation-run.ts';
import { createValidationSet } from '../../../src/domain/validation-set.ts';
import {
  blocks,
  check,
  FINDING,
  failures,
  HEAD,
  judging,
  load,
  NOTHING,
  plugin,
  scanning,
  subject,
  write,
} from './plugin-support.ts';

describe('a validator plugin that throws', () => {
  it.each([
    ['an error', 'throw new TypeError("token ghp_secret of the template")'],
    ['nothing', 'throw undefined'],
    ['a word that is none of its', 'throw Object.assign(new Error("mine"), {code: "policy_denied"})'],
  ])('fails its own check, closed, and does not quote what it looked at: %s', async (_what, statement) => {
    await blocks(scanning(`${statement};`), /it threw an error$/);
    expect(failures).not.toHaveLength(0);
  });

  it('while it loads, or later with nobody waiting, too', async () => {
    await blocks(`${HEAD} throw new Error('no');`, /it threw an error/);
    const late = await plugin(scanning("setTimeout(() => { throw new Error('late'); }, 10); return {findings: []};"));
    await expect(check(late)).resolves.toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(check(late)).resolves.toEqual([]);
  });

  it('denies only by an error whose code is policy_denied', async () => {
    await blocks(judging("throw new Error('not to my liking');"), /it threw an error/);
    await blocks(judging("throw Object.assign(new Error('no'), {code: 'policy_denied', severity: 'grave'});"), /severity/);
  });
});

describe('a validator plugin that hangs', () => {
  it('without using the processor is cut off', async () => {
    await blocks(scanning('await new Promise(() => undefined);'), /no answer within 500 ms/, { callMs: 500 });
  });

  it('in a loop without end is cut off, and the server goes on meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 20);
    await blocks(scanning('for (;;);'), /no answer within 500 ms/, { callMs: 500 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  it('is ended when nobody waits for it any more', async () => {
    const validator = await plugin(scanning('for (;;);'));
    const stop = new AbortController();
    const run = runValidators([validator], subject, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 300);
    await expect(run).rejects.toThrow('enough');
    expect(failures).toEqual([]);
  });
});

describe('a validator plugin in a loop without end whose server is killed', () => {
  const runs = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('does not go on for ever', async () => {
    const load = pathToFileURL(await write(scanning('for (;;);'))).href;
    const questions = [
      { id: 1, load },
      { id: 2, method: 'scanTemplate', args: [] },
    ];
    const server = `
      const [host, ...questions] = JSON.parse(process.argv[1]);
      const child = require('node:child_process').spawn(process.execPath, ['-e', host], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
      for (const question of questions) child.stdio[3].write(JSON.stringify(question) + '\\n');
      child.stdio[3].once('data', () => console.log(child.pid));`;
    const parent = spawn(process.execPath, ['-e', server, JSON.stringify([PLUGIN_HOST, ...questions])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = await once(parent.stdout, 'data');
    const pid = Number(told);
    expect(runs(pid)).toBe(true);
    parent.kill('SIGKILL');
    for (let tries = 0; runs(pid) && tries < 100; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runs(pid)).toBe(false);
  }, 20_000);
});

describe('a validator plugin that answers nonsense', () => {
  it.each([
    ['nothing', 'return;', /scanTemplate: the answer/],
    ['a list', 'return [];', /scanTemplate: the answer/],
    ['no findings', 'return {findings: "none"};', /scanTemplate: findings/],
    ['a severity that is none', `return {findings: [{...${FINDING}, severity: 'grave'}]};`, /findings\.0\.severity/],
    ['an id that could pass for another', `return {findings: [{...${FINDING}, id: '../secrets/x'}]};`, /findings\.0\.id/],
    ['a finding without a word', `return {findings: [{...${FINDING}, explanation: ''}]};`, /findings\.0\.explanation/],
    ['no advice', `return {findings: [{...${FINDING}, recommendation: undefined}]};`, /odd does not say what to do/],
    ['a file that is not there', `return {findings: [{...${FINDING}, file: 'no.yaml'}]};`, /about a file that is not there/],
    ['a line below one', `return {findings: [{...${FINDING}, line: 0}]};`, /findings\.0\.line/],
    ['more findings than anybody reads', `return {findings: Array(1001).fill(${FINDING})};`, /scanTemplate: findings/],
    ['what cannot be told', 'const a = {}; a.a = a; return {findings: [], a};', /it threw an error/],
    ['without end', `return {findings: [], more: 'x'.repeat(5e6)};`, /answered more than \d+ bytes/],
  ])('fails its own check, closed: %s', async (_what, body, words) => {
    await blocks(scanning(body), words);
  });

  it('to validatePolicy, where only silence is consent', async () => {
    await blocks(judging('return false;'), /validatePolicy: it answers nothing, or throws/);
    await blocks(judging('return {allowed: true};'), /validatePolicy/);
  });

  it('about quality', async () => {
    const rating = (analysis: string, advice: string) =>
      `${HEAD} export async function analyzeQuality() { return ${analysis}; } export async function generateRecommendations() { return ${advice}; }`;
    const options = { kind: 'quality' };
    await blocks(rating('{findings: 1}', '[]'), /analyzeQuality: findings/, options);
    await blocks(rating('{findings: []}', '7'), /generateRecommendations: the answer/, options);
    await blocks(rating('{findings: []}', "[{id: 'odd', recommendation: 'Do.'}]"), /there is no finding odd/, options);
    await blocks(
      rating("{findings: [{id: 'odd', severity: 'low', explanation: 'is'}]}", '[]'),
      /does not say what to do/,
      options,
    );
  });

  it('on the channel itself, where nobody asked', async () => {
    const channel = "import { writeSync } from 'node:fs';";
    await blocks(scanning("writeSync(3, '{}\\n'); await new Promise(() => undefined);", channel), /nobody asked for/);
    await blocks(
      scanning(`writeSync(3, '{"id":99,"value":null}\\n'); await new Promise(() => undefined);`, channel),
      /nobody asked/,
    );
  });

  it('cannot colour the terminal or break a line', async () => {
    const found = await check(
      await plugin(scanning(`return {findings: [{...${FINDING}, explanation: 'a\\u001b[31m\\nb\\0\\ud800c'}]};`)),
    );
    expect(found[0]?.explanation).toBe('a [31m b c');
  });
});

describe('a validator plugin that ends its process', () => {
  it.each([
    ['by process.exit', 'process.exit(0);'],
    ['by a signal', "process.kill(process.pid, 'SIGKILL'); for (;;);"],
    ['by an abort', 'process.abort();'],
  ])('fails its own check, closed: %s', async (_what, body) => {
    await blocks(scanning(body), /its process ended by itself/);
  });
});

describe('a validator plugin that fills its memory', () => {
  it.each([
    ['bit by bit', 'const all = []; for (;;) all.push({});'],
    ['by one large piece at once, which a thread would not survive', 'return Array(1e8).fill(1.5).map((x) => ({x}));'],
  ])(
    'fails its own check, closed, and not the server: %s',
    async (_what, body) => {
      const validator = await plugin(scanning(body), { callMs: 20_000 });
      await expect(runValidators([validator], subject, { timeoutMs: 40_000 })).rejects.toThrow(/its process ended by itself/);
      await expect(check(await plugin(`${HEAD} ${NOTHING}`))).resolves.toEqual([]);
    },
    60_000,
  );
});

describe('a module that is no validator plugin', () => {
  it.each([
    ['is not there', undefined, /cannot be read/],
    ['is no program', 'export const = 1;', /it threw an error/],
    ['names no version of the interface', NOTHING, /apiVersion = 1/],
    ['names a later version', `${HEAD.replace('= 1;', '= 2;')} ${NOTHING}`, /apiVersion = 1/],
    ['names no version of its own', `export const apiVersion = 1; ${NOTHING}`, /export its version/],
    ['lacks validatePolicy', `${HEAD} export function scanTemplate() {}`, /lacks validatePolicy/],
  ])('fails its own check, closed: it %s', async (_what, text, words) => {
    const validator = load(text === undefined ? '/nowhere/plugin.mjs' : await write(text));
    await expect(check(validator)).toFailWith('scan_blocked');
    await expect(check(validator)).rejects.toThrow(words);
  });

  it('says so in the state of the rules, by which no verdict is ever kept', async () => {
    const validator = load('/nowhere/plugin.mjs');
    expect(await validator.data()).toEqual({ version: 'plugin/house not loaded', words: 'house could not be loaded' });
    await expect(judgeSubject(createValidationSet({ validators: [validator] }), subject)).toFailWith('scan_blocked');
  });

  it('is told to whoever names it by hand', async () => {
    await expect(stagesOfPlugin(await write(HEAD))).toFailWith('config_invalid');
    await expect(stagesOfPlugin(await write(`${HEAD} export function analyzeQuality() {}`))).rejects.toThrow(
      'lacks generateRecommendations',
    );
  });
});
