import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import semver from 'semver';
import { type Violation, violationsOf } from './schema-words.ts';
import { MANIFEST_FILE, type TemplateManifest } from './template.ts';
import { lintTemplate } from './template-lint.ts';
import { parameterViolations } from './template-parameters.ts';
import { TEMPLATE_SCHEMA } from './template-schema.ts';
import { issuesFailure, readYaml, type YamlDocument } from './yaml-limits.ts';

interface Validators {
  template: ValidateFunction<TemplateManifest>;
  meta: (schema: Record<string, unknown>) => readonly ErrorObject[];
}

let compiled: Validators | undefined;

function compile(): Validators {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
  });
  addFormats.default(ajv, ['uri', 'email']);
  ajv.addFormat('semver-range', (text) => semver.validRange(text) !== null);
  // Of a template's own schema only the form is checked here; unknown keywords in it are its author's business.
  const loose = new Ajv2020({ allErrors: true, verbose: true, strict: false, validateFormats: false });
  const meta = (schema: Record<string, unknown>): readonly ErrorObject[] =>
    loose.validateSchema(schema) === true ? [] : (loose.errors ?? []);
  return { template: ajv.compile<TemplateManifest>(TEMPLATE_SCHEMA), meta };
}

/** Compiling takes tens of milliseconds, so it is done once, and only by a process that parses. */
function validators(): Validators {
  compiled ??= compile();
  return compiled;
}

function semanticViolations(manifest: TemplateManifest, { meta }: Validators): Violation[] {
  const { parameters, inputSchema, outputSchema } = manifest.spec;
  const inSchema = parameters === undefined ? [] : parameterViolations(parameters, '/spec/parameters', meta);
  const nested = [inputSchema, outputSchema].flatMap((schema, index) =>
    schema === undefined ? [] : parameterViolations(schema, index === 0 ? '/spec/inputSchema' : '/spec/outputSchema', meta),
  );
  return [...inSchema, ...nested, ...lintTemplate(manifest)];
}

function failure(file: string, document: YamlDocument, violations: readonly Violation[]): Error {
  const issues = violations
    .map(({ pointer, part, message }) => ({ path: pointer, message, ...document.locate(pointer, part) }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return issuesFailure('template_invalid', file, issues);
}

/** What is wrong with a manifest that did not come from a template.yaml of ours; none when it is one that `parseTemplate` would accept. */
export function templateViolations(value: unknown): Violation[] {
  const known = validators();
  if (!known.template(value)) return violationsOf(known.template.errors ?? [], () => undefined);
  return semanticViolations(value, known);
}

/**
 * Reads a template.yaml: YAML within limits, the JSON Schema, the parameters' own schema, then the rules that span several places.
 * Fails with template_invalid; the message starts with `file:line:column` of the first problem, `details.issues` lists them (at most 50).
 */
export function parseTemplate(text: string, file: string = MANIFEST_FILE): TemplateManifest {
  const document = readYaml(text, { file });
  const { value } = document;
  const known = validators();
  if (!known.template(value)) {
    throw failure(
      file,
      document,
      violationsOf(known.template.errors ?? [], (pointer) => document.sourceOf(pointer)),
    );
  }
  const violations = semanticViolations(value, known);
  if (violations.length > 0) throw failure(file, document, violations);
  if (value.trust === null) delete value.trust;
  return value;
}
