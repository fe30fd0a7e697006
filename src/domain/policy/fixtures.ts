import { z } from 'zod';
import { issuesFailure, readYaml } from '../yaml-limits.ts';
import type { PolicyEngine, PolicyInput, PolicyRule } from './engine.ts';
import { selects } from './selector.ts';

/** `NAME.fixtures.yaml` beside `NAME.yaml`: examples that its policies accept and refuse. A policy whose examples come out otherwise is wrong. */

const MAX_EXAMPLES = 200;
const MAX_NAME = 200;

const json = z.json();
const exampleSchema = z.strictObject({
  name: z.string().min(1).max(MAX_NAME),
  /** the rules that refuse it, by their ids without `policy/`; all of them and no other */
  by: z.array(z.string()).min(1).optional(),
  template: json.default({}),
  files: z.array(z.strictObject({ path: z.string(), size: z.int().min(0).default(0) })).default([]),
  objects: z.array(json).default([]),
  unreadable: z.array(z.string()).default([]),
  registry: z
    .strictObject({
      name: z.string().default('example'),
      type: z.enum(['official', 'community', 'institutional', 'private']).default('community'),
      kind: z.string().default('chandlery'),
    })
    .prefault({}),
});

const fileSchema = z.strictObject({
  accepted: z
    .array(exampleSchema.refine(({ by }) => by === undefined, 'says who refuses it, and is among the accepted'))
    .max(MAX_EXAMPLES),
  refused: z.array(exampleSchema).min(1).max(MAX_EXAMPLES),
});

type Example = z.output<typeof exampleSchema>;
export type Fixtures = z.output<typeof fileSchema>;

/** Fails with config_invalid, naming file and line. */
export function parseFixtures(text: string, file: string): Fixtures {
  const document = readYaml(text, { file, code: 'config_invalid' });
  const parsed = fileSchema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => {
    const pointer = path.map((key) => `/${String(key)}`).join('');
    return { path: path.join('.'), message, ...document.locate(pointer) };
  });
  throw issuesFailure('config_invalid', file, issues);
}

/** What comes out otherwise than the examples say, a sentence each. */
export async function tryFixtures(
  rules: readonly PolicyRule[],
  { accepted, refused }: Fixtures,
  engine: Pick<PolicyEngine, 'evaluate'>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const example of accepted) {
    const broken = await brokenBy(rules, example, engine);
    if (broken.length > 0) problems.push(`accepts "${example.name}" no more: ${broken.map(({ message }) => message).join('; ')}`);
  }
  for (const example of refused) {
    const broken = (await brokenBy(rules, example, engine)).map(({ rule }) => rule.id.replace(/^policy\//, ''));
    if (broken.length === 0) problems.push(`does not refuse "${example.name}"`);
    else if (example.by && [...example.by].sort().join() !== [...broken].sort().join())
      problems.push(`refuses "${example.name}" by ${broken.join(', ')} and not by ${example.by.join(', ')}`);
  }
  return problems;
}

async function brokenBy(rules: readonly PolicyRule[], example: Example, engine: Pick<PolicyEngine, 'evaluate'>) {
  const { name: _name, by: _by, ...rest } = example;
  const input = rest as unknown as PolicyInput;
  const template = templateName(input);
  const asked = rules.filter(({ appliesTo }) => selects(appliesTo, { registry: example.registry, template }));
  return (await engine.evaluate(asked, input)).filter(({ verdict }) => verdict !== 'held');
}

function templateName({ template }: PolicyInput): string {
  const { metadata } = template as { metadata?: { name?: unknown } };
  return typeof metadata?.name === 'string' ? metadata.name : 'example';
}
