import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import { createValidatorPlugin, type ValidatorPlugin } from '../../../src/adapters/scanners/plugin.ts';
import type { ValidationStage } from '../../../src/domain/validation.ts';
import { runValidators } from '../../../src/domain/validation-run.ts';
import { subjectOf, WHOLE } from '../../support/subject.ts';

/** Validator plugins of a few lines each, in files of a folder that goes away. */

export const HEAD = "export const apiVersion = 1; export const version = '1.2.0';";
export const NOTHING =
  'export async function scanTemplate() { return {findings: []}; } export async function validatePolicy() {}';
export const FINDING = "{id: 'odd', severity: 'high', explanation: 'is odd', recommendation: 'Make it even.'}";
/** A security plugin whose scan is this. */
export const scanning = (body: string, more = '') =>
  `${HEAD} ${more} export async function scanTemplate(template) { ${body} } export async function validatePolicy() {}`;
export const judging = (body: string) =>
  `${HEAD} export async function scanTemplate() { return {findings: []}; } export async function validatePolicy(template, policy) { ${body} }`;

export const open: ValidatorPlugin[] = [];
export const failures: Error[] = [];
let folder: string | undefined;
let files = 0;
/** A template that lacks nothing. */
export const subject = await subjectOf(WHOLE);

afterEach(async () => {
  for (const plugin of open.splice(0)) plugin.close();
  failures.length = 0;
  if (folder) await rm(folder, { recursive: true });
  folder = undefined;
});

export async function write(text: string): Promise<string> {
  folder ??= await mkdtemp(join(tmpdir(), 'chandlery-plugins-'));
  const module = join(folder, `plugin-${files++}.mjs`);
  await writeFile(module, text);
  return module;
}

export function load(module: string, { kind = 'security', policy = {} as object, callMs = 3_000 } = {}): ValidatorPlugin {
  const config = { name: 'house', kind: kind as ValidationStage, module, policy: policy as never };
  const plugin = createValidatorPlugin(config, { limits: { callMs }, onFailure: (error) => failures.push(error) });
  open.push(plugin);
  return plugin;
}

export const plugin = async (text: string, options = {}) => load(await write(text), options);
export const check = (validator: ValidatorPlugin) => runValidators([validator], subject);

/** Fails closed, with the plugin's name and these words, and the server still works. */
export async function blocks(text: string, words: RegExp, options = {}) {
  const validator = await plugin(text, options);
  await expect(check(validator)).rejects.toMatchObject({
    code: 'scan_blocked',
    retryable: false,
    details: { validator: 'plugin/house' },
    message: expect.stringMatching(/^the check plugin\/house could not be made: /),
  });
  await expect(check(validator)).rejects.toThrow(words);
  // The other plugins, and the process that runs this, are none the worse for it.
  await expect(check(await plugin(`${HEAD} ${NOTHING}`))).resolves.toEqual([]);
}
