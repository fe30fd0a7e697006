import { z } from 'zod';
import { MANIFEST_FILE } from '../../domain/template.ts';
import type { Finding, Severity, ValidationSubject } from '../../domain/validation.ts';
import { SEVERITIES } from '../../domain/validation.ts';
import { PluginFault, type PluginThrew } from './plugin-process.ts';

/** What plugins may answer, and what becomes of it. Anything else is no answer. */

const MAX_FINDINGS = 1_000;
/** Characters of an explanation or a recommendation. */
const MAX_TEXT = 1_000;
const MAX_PATH = 4_096;

/** One line; neither a terminal nor a database takes everything else. */
const words = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .transform((text) => text.replaceAll(/[\p{Cc}\p{Surrogate}]+/gu, ' '));
const check = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and inner hyphens');
const severity = z.enum(SEVERITIES as [Severity, ...Severity[]]);
const place = { file: z.string().min(1).max(MAX_PATH).nullish(), line: z.int().min(1).nullish() };

const findingSchema = z.object({ id: check, severity, ...place, explanation: words, recommendation: words.nullish() });
type Told = z.output<typeof findingSchema>;

/** SecurityResult and QualityResult of reference 2. */
export const resultSchema = z.object({ findings: z.array(findingSchema).max(MAX_FINDINGS) });
/** Recommendation of reference 2: what to do about the finding with this id. */
export const recommendationsSchema = z.array(z.object({ id: check, recommendation: words })).max(MAX_FINDINGS);

const denialSchema = z.object({ severity: severity.nullish(), ...place, message: words, recommendation: words.nullish() });

/** The answer of a function in the form it must have; it fails with PluginFault otherwise. */
export function checked<T>(schema: z.ZodType<T>, answer: unknown, method: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PluginFault(`${method}: ${issue?.path.join('.') || 'the answer'}: ${issue?.message ?? 'not valid'}`);
}

/** As a finding of the plugin. A place that the archive does not have would send people looking for nothing. */
export function findingOf(plugin: string, subject: ValidationSubject, told: Told): Finding {
  const { id, severity: how, file, line, explanation, recommendation } = told;
  if (file && !subject.paths.includes(file)) throw new PluginFault(`the finding ${id} is about a file that is not there`);
  if (!recommendation) throw new PluginFault(`the finding ${id} does not say what to do about it`);
  return {
    id: `${plugin}/${id}`,
    severity: how,
    file: file ?? subject.manifestFile ?? MANIFEST_FILE,
    ...(line && { line }),
    explanation,
    recommendation,
  };
}

/** What `validatePolicy` denies with: an error whose code is `policy_denied`. Any other one is a fault of the plugin. */
export function denialOf(plugin: string, subject: ValidationSubject, { thrown }: PluginThrew): Finding | undefined {
  if (thrown.code !== 'policy_denied') return undefined;
  const { message, severity: how, recommendation, ...where } = checked(denialSchema, thrown, 'validatePolicy');
  return findingOf(plugin, subject, {
    id: 'policy',
    severity: how ?? 'critical',
    ...where,
    explanation: message,
    recommendation: recommendation ?? 'Meet the policy, or ask its owner for a waiver.',
  });
}
