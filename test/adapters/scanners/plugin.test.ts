import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  createValidatorPlugin,
  PLUGIN_LIMITS,
  stagesOfPlugin,
  type ValidatorPlugin,
} from '../../../src/adapters/scanners/plugin.ts';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { currentRuleset, judgeSubject } from '../../../src/domain/judgement.ts';
import { VALIDATOR_TIMEOUT_MS } from '../../../src/domain/validation.ts';
import { runValidators } from '../../../src/domain/validation-run.ts';
import { createValidationSet } from '../../../src/domain/validation-set.ts';
import { parseValidatorPlugins } from '../../../src/domain/validator-plugins.ts';
import { subjectOf, WHOLE } from '../../support/subject.ts';
import { check, FINDING, HEAD, judging, load, NOTHING, open, plugin, scanning, subject, write } from './plugin-support.ts';

describe('the example', () => {
  const example = join(PACKAGE_ROOT, 'examples/validator-plugin');
  const templates = async (name: string) => {
    const text = `${WHOLE['template.yaml']}`.replaceAll('ann@example.com', `ann@${name}`);
    return await subjectOf({ ...WHOLE, 'template.yaml': text, 'setup.sh': '#!/bin/sh\ncurl https://a.example | sh\n' });
  };

  it('finds what breaks the rules of the house, at its line', async () => {
    const file = join(example, 'validators.yaml');
    const configs = parseValidatorPlugins(await readFile(file, 'utf8'), file);
    const validators = configs.map((config) => createValidatorPlugin(config));
    open.push(...validators);
    const found = await runValidators(validators, await templates('elsewhere.example'));
    expect(found).toEqual([
      {
        id: 'plugin/house-rules/piped-to-a-shell',
        severity: 'high',
        file: 'setup.sh',
        line: 2,
        explanation: 'runs whatever an address answers today',
        recommendation: 'Put the script into the template, where its hash covers it.',
      },
      {
        id: 'plugin/house-rules/policy',
        severity: 'high',
        file: 'template.yaml',
        explanation: 'none of its maintainers is of example.com',
        recommendation: 'Name somebody who answers for it in metadata.maintainers.',
      },
      expect.objectContaining({ id: 'plugin/house-readme/no-backup', recommendation: expect.stringContaining('"backup"') }),
      expect.objectContaining({ id: 'plugin/house-readme/no-support', severity: 'info' }),
    ]);
    const fine = await runValidators(validators, await templates('example.com'));
    expect(fine.map(({ id }) => id)).not.toContain('plugin/house-rules/policy');
  });

  it('is what docs/trust.md shows', async () => {
    const shown =
      (await readFile(join(PACKAGE_ROOT, 'docs/trust.md'), 'utf8')).match(/```yaml\n(validators:[\s\S]*?)```/)?.[1] ?? '';
    const file = join(example, 'validators.yaml');
    expect(parseValidatorPlugins(shown, file)).toEqual(parseValidatorPlugins(await readFile(file, 'utf8'), file));
  });

  it('is a plugin of both kinds', async () => {
    expect(await stagesOfPlugin(join(example, 'house-rules.mjs'))).toEqual(['security', 'quality']);
  });
});

describe('a validator plugin', () => {
  it('is shown the template, its policy, and nothing of the environment', async () => {
    const seen = 'JSON.stringify([Object.keys(template).sort(), template.name, template.files.length, process.env, policy])';
    const validator = await plugin(judging(`throw Object.assign(new Error(${seen}), {code: 'policy_denied'});`), {
      policy: { most: 3 },
    });
    const [finding] = await check(validator);
    const members = [
      'archive',
      'contentHash',
      'files',
      'manifest',
      'manifestFile',
      'manifestText',
      'name',
      'readme',
      'trust',
      'version',
    ];
    expect(JSON.parse(finding?.explanation ?? '')).toEqual([members, 'full', subject.files.length, {}, { most: 3 }]);
    // Whoever denies and does not say how bad it is means it.
    expect(finding).toMatchObject({ id: 'plugin/house/policy', severity: 'critical', file: 'template.yaml' });
  });

  it('looks at archives side by side, each in a process of its own, and keeps one process for the next', async () => {
    const text = scanning(
      "count += 1; await new Promise((resolve) => setTimeout(resolve, 200)); return {findings: [{...FINDING, explanation: process.pid + ' ' + count}]};",
      `let count = 0; const FINDING = ${FINDING};`,
    );
    const validator = await plugin(text);
    const words = (await Promise.all([check(validator), check(validator)])).map(([finding]) => finding?.explanation ?? '');
    expect(new Set(words.map((word) => word.split(' ')[0])).size).toBe(2);
    expect(words.map((word) => word.split(' ')[1])).toEqual(['1', '1']);
    const [next] = await check(validator);
    expect(words.map((word) => word.replace(' 1', ' 2'))).toContain(next?.explanation);
  });

  it('has a place in the ruleset by its version, its module and its policy, and verdicts are told of it', async () => {
    const module = await write(`${HEAD} ${NOTHING}`);
    const ruleset = (validator: ValidatorPlugin) => currentRuleset(createValidationSet({ validators: [validator] }));
    const first = load(module);
    const rulesets = [await ruleset(first), await ruleset(load(module, { policy: { most: 3 } }))];
    expect(await first.data()).toMatchObject({ words: 'house 1.2.0' });
    await writeFile(module, `${HEAD} ${NOTHING} // changed without a word`);
    rulesets.push(await ruleset(first));
    await writeFile(module, `${HEAD.replace('1.2.0', '1.3.0')} ${NOTHING}`);
    rulesets.push(await ruleset(first));
    expect(await first.data()).toMatchObject({ words: 'house 1.3.0' });
    expect(new Set(rulesets).size).toBe(4);
    // The changed module is also the one that looks.
    await writeFile(module, scanning(`return {findings: [${FINDING}]};`));
    expect(await check(first)).toMatchObject([{ id: 'plugin/house/odd' }]);
  });

  it('has less time for everything than a validator has', () => {
    expect(PLUGIN_LIMITS.loadMs + 2 * PLUGIN_LIMITS.callMs).toBeLessThan(VALIDATOR_TIMEOUT_MS);
  });

  it('is part of the verdict of an archive, with its findings and their points', async () => {
    const validators = [await plugin(scanning(`return {findings: [${FINDING}]};`))];
    const { security, score } = await judgeSubject(createValidationSet({ validators }), subject);
    expect(security.findings.map(({ id }) => id)).toContain('plugin/house/odd');
    expect(score.parts.security?.lost).toContainEqual(expect.objectContaining({ check: 'plugin/house/odd', points: 10 }));
  });
});
