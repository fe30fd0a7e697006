// biome-ignore-all lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema; nobody awaits a schema
/**
 * The JSON Schema (2020-12) of template.yaml. The published copy, docs/schemas/template.schema.json, is made from this one and a test holds
 * them equal; it lives in code so that every build carries it. Unknown keys are errors wherever the format is ours; `parameters`,
 * `inputSchema`, `outputSchema`, `handler` and `examples` have languages of their own.
 */

import { TEMPLATE_DEFS } from './template-defs.ts';
import { WORKLOAD_SCHEMA } from './workload-schema.ts';

const SPDX_ID = '\\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\\)*';

const METADATA = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version', 'description'],
  properties: {
    name: { $ref: '#/$defs/name' },
    version: { $ref: '#/$defs/version' },
    displayName: { type: 'string', minLength: 1, maxLength: 100 },
    description: { type: 'string', minLength: 1, maxLength: 2000 },
    license: {
      description: 'An SPDX expression such as Apache-2.0 or "MIT OR Apache-2.0".',
      type: 'string',
      pattern: `^${SPDX_ID}( (AND|OR|WITH) ${SPDX_ID})*$`,
      maxLength: 200,
    },
    category: { $ref: '#/$defs/label' },
    tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 50 }, maxItems: 30, uniqueItems: true },
    maintainers: { type: 'array', items: { $ref: '#/$defs/maintainer' }, maxItems: 50 },
    icon: { description: 'A URL, or a path inside the package.', type: 'string', minLength: 1, maxLength: 2000 },
    homepage: { type: 'string', format: 'uri', maxLength: 2000 },
    readme: { $ref: '#/$defs/path' },
  },
} as const;

/** Members of spec that belong to one type; they are errors under every other. */
const OWN_MEMBERS: Record<string, { required: string[]; members: string[]; content?: string }> = {
  workload: { required: ['workload'], members: ['workload'] },
  manifests: { required: ['content'], members: ['content'], content: 'path' },
  helm: { required: ['content'], members: ['content'], content: 'chart' },
  deployer: { required: ['content'], members: ['content'], content: 'image' },
  stack: { required: ['components'], members: ['components'] },
  pack: { required: ['handler'], members: ['handler', 'inputSchema', 'outputSchema', 'examples'] },
};

function ruleOf(type: string, own: { required: string[]; members: string[]; content?: string }): object {
  const foreign = Object.values(OWN_MEMBERS).flatMap((other) => other.members.filter((member) => !own.members.includes(member)));
  const content = own.content === undefined ? {} : { content: { required: [own.content], maxProperties: 1 } };
  return {
    if: { required: ['type'], properties: { type: { const: type } } },
    then: { required: own.required, properties: { ...Object.fromEntries(foreign.map((member) => [member, false])), ...content } },
  };
}

const SPEC = {
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: { enum: Object.keys(OWN_MEMBERS) },
    parameters: { $ref: '#/$defs/jsonSchema' },
    images: { type: 'object', additionalProperties: { $ref: '#/$defs/image' }, maxProperties: 100 },
    dependencies: { type: 'array', items: { $ref: '#/$defs/dependency' }, maxItems: 100 },
    inherits: { type: 'array', items: { $ref: '#/$defs/parent' }, maxItems: 20 },
    requires: { $ref: '#/$defs/requires' },
    workload: WORKLOAD_SCHEMA,
    content: {
      type: 'object',
      additionalProperties: false,
      properties: { path: { $ref: '#/$defs/path' }, chart: { $ref: '#/$defs/text' }, image: { $ref: '#/$defs/text' } },
    },
    components: { type: 'array', items: { $ref: '#/$defs/component' }, minItems: 1, maxItems: 50 },
    outputs: { type: 'array', items: { $ref: '#/$defs/output' }, maxItems: 100 },
    handler: { type: 'object', required: ['type'], properties: { type: { $ref: '#/$defs/text' } } },
    inputSchema: { $ref: '#/$defs/jsonSchema' },
    outputSchema: { $ref: '#/$defs/jsonSchema' },
    examples: { type: 'array', maxItems: 100 },
  },
  allOf: Object.entries(OWN_MEMBERS).map(([type, own]) => ruleOf(type, own)),
} as const;

/** What registries fill in and nobody believes when it comes from an archive; only its member names are checked. */
const MARKETPLACE = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    [
      'registry',
      'registry_type',
      'downloads',
      'rating',
      'rating_count',
      'badges',
      'verified',
      'security_scan',
      'validation_tests',
      'dependencies',
    ].map((key) => [key, true]),
  ),
} as const;

export const TEMPLATE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://chandlery.dev/schemas/template.schema.json',
  title: 'Chandlery template',
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  properties: {
    apiVersion: { const: 'chandlery.dev/v1' },
    kind: { const: 'Template' },
    metadata: METADATA,
    spec: SPEC,
    marketplace: MARKETPLACE,
    trust: {
      // Null and the empty hash are two of the four states a seal can be in: not sealed yet is not an error of the format.
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        signed_by: { type: 'string' },
        sha256: {
          description: 'The 64 hex digits of the content hash, or empty.',
          type: 'string',
          pattern: '^([a-fA-F0-9]{64})?$',
        },
      },
    },
  },
  allOf: [
    {
      if: { required: ['spec'], properties: { spec: { required: ['type'], properties: { type: { const: 'pack' } } } } },
      else: { properties: { metadata: { properties: { name: { $ref: '#/$defs/label' } } } } },
    },
  ],
  $defs: TEMPLATE_DEFS,
} as const;
