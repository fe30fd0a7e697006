import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { ValidationStage } from './validation.ts';
import { issueAt, issuesIn } from './yaml-issues.ts';
import { issuesFailure, readYaml } from './yaml-limits.ts';

/** The file of CHANDLERY_VALIDATORS: modules of the operator's own that look at templates (docs/trust.md). */

/** One module that looks at templates: reference 2's SecurityPlugin or QualityPlugin, by the stage it speaks in. */
export interface ValidatorPluginConfig {
  /** what its findings are called by: `plugin/<name>/<check>` */
  name: string;
  kind: ValidationStage;
  /** absolute path */
  module: string;
  /** What `validatePolicy` is asked to hold the template against; the plugin's own form. */
  policy: z.core.util.JSONType;
}

/** Each costs a process of its own. */
const MAX_PLUGINS = 20;
const MAX_PATH = 4_096;

const pluginSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and inner hyphens, 63 at most'),
  kind: z.enum(['security', 'quality']),
  module: z.string().min(1).max(MAX_PATH),
  policy: z.json().default({}),
});

const fileSchema = z.strictObject({ validators: z.array(pluginSchema).max(MAX_PLUGINS) });

/**
 * Reads the text of the file; paths are taken from its folder. Fails with config_invalid, naming file, line and column. Whether a module can be
 * loaded is told later: one that cannot fails its own check.
 */
export function parseValidatorPlugins(text: string, file: string): ValidatorPluginConfig[] {
  const document = readYaml(text, { file, code: 'config_invalid' });
  const parsed = fileSchema.safeParse(document.value);
  if (!parsed.success) throw issuesFailure('config_invalid', file, issuesIn(parsed.error, document));
  const { validators } = parsed.data;
  const names = validators.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) < at);
  if (twice !== -1)
    throw issuesFailure('config_invalid', file, [
      issueAt(['validators', String(twice), 'name'], `there is already a validator named "${names[twice]}"`, document, 'value'),
    ]);
  return validators.map((plugin) => ({ ...plugin, module: resolve(dirname(file), plugin.module) }));
}
