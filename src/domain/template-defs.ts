// biome-ignore-all lint/suspicious/noThenProperty: `then` is a keyword of JSON Schema; nobody awaits a schema
/** Parts of the template's JSON Schema that template-schema.ts refers to. */

import { WORKLOAD_DEFS } from './workload-defs.ts';

const SEMVER =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-((0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(\\+([0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*))?$';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const PACK_NAME = '[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*';

export const TEMPLATE_DEFS = {
  ...WORKLOAD_DEFS,
  version: {
    description: 'A semantic version such as 1.4.0, in quotes, without a leading v.',
    type: 'string',
    pattern: SEMVER,
    maxLength: 128,
  },
  range: {
    description: 'A semver range such as ^1.4.0 or ">=1.2 <2".',
    type: 'string',
    minLength: 1,
    maxLength: 128,
    format: 'semver-range',
  },
  name: {
    description:
      'Lower-case letters, digits and dashes, starting and ending with a letter or digit, at most 63 characters; a pack may also be named group.command.',
    type: 'string',
    pattern: `^(${LABEL}|${PACK_NAME})$`,
    maxLength: 63,
  },
  path: {
    description: 'A relative path inside the package, with forward slashes and without `..`.',
    type: 'string',
    pattern: '^(?!/)(?!(.*/)?\\.{1,2}(/|$))[^\\\\]+$',
    maxLength: 512,
  },
  values: { description: 'Parameter values by name.', type: 'object' },
  jsonSchema: { description: 'A JSON Schema 2020-12 object.', type: 'object' },
  maintainer: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { $ref: '#/$defs/text' },
      email: { type: 'string', format: 'email' },
      url: { type: 'string', format: 'uri' },
    },
  },
  dependency: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'version'],
    properties: {
      name: { $ref: '#/$defs/name' },
      version: { $ref: '#/$defs/range' },
      registry: { $ref: '#/$defs/label' },
      optional: { type: 'boolean' },
      scope: { enum: ['namespace', 'cluster'] },
      parameters: { $ref: '#/$defs/values' },
    },
  },
  parent: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'version'],
    properties: { name: { $ref: '#/$defs/name' }, version: { $ref: '#/$defs/range' } },
  },
  image: {
    type: 'object',
    additionalProperties: false,
    required: ['ref'],
    properties: {
      ref: { $ref: '#/$defs/text' },
      digest: { description: 'sha256: and 64 lower-case hex digits.', type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
      parameters: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          ['FULL', 'REGISTRY', 'REPO_WITH_REGISTRY', 'REPO_WITHOUT_REGISTRY', 'TAG'].map((part) => [
            part,
            { $ref: '#/$defs/text' },
          ]),
        ),
      },
    },
  },
  requires: {
    type: 'object',
    additionalProperties: false,
    properties: {
      kubernetes: { $ref: '#/$defs/range' },
      resources: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          properties: { replicas: { type: 'integer', minimum: 1 }, requests: { $ref: '#/$defs/quantities' } },
        },
      },
      apis: {
        type: 'array',
        items: {
          description: 'group/version/Kind, or version/Kind for the core group.',
          type: 'string',
          pattern: '^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?v[0-9][a-z0-9]*/[A-Z][A-Za-z0-9]*$',
        },
      },
      permissions: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['verbs'],
          properties: Object.fromEntries(
            ['apiGroups', 'resources', 'resourceNames', 'nonResourceURLs', 'verbs'].map((key) => [
              key,
              { $ref: '#/$defs/texts' },
            ]),
          ),
        },
      },
    },
  },
  component: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'template', 'version'],
    properties: {
      name: { $ref: '#/$defs/label' },
      template: { $ref: '#/$defs/name' },
      version: { $ref: '#/$defs/range' },
      parameters: { $ref: '#/$defs/values' },
      dependsOn: { type: 'array', items: { $ref: '#/$defs/label' }, uniqueItems: true },
    },
  },
  output: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'from'],
    properties: {
      name: { $ref: '#/$defs/parameterName' },
      description: { $ref: '#/$defs/text' },
      from: { enum: ['service', 'ingress', 'secret', 'value'] },
      secret: { type: 'boolean' },
      port: { $ref: '#/$defs/portOrName' },
      scheme: { description: 'A URL scheme such as https or redis.', type: 'string', pattern: '^[a-z][a-z0-9+.-]*$' },
      path: { description: 'A URL path starting with `/`.', type: 'string', pattern: '^/' },
      secretName: { $ref: '#/$defs/text' },
      key: { $ref: '#/$defs/text' },
      value: { type: 'string', maxLength: 4096 },
    },
    allOf: [
      { if: { required: ['from'], properties: { from: { const: 'secret' } } }, then: { required: ['key'] } },
      { if: { required: ['from'], properties: { from: { const: 'value' } } }, then: { required: ['value'] } },
    ],
  },
} as const;
