// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
/** JSON Schema of WorkloadSpec, the one language in which marketplace and deploy describe what runs. Its parts are in workload-defs.ts. */

export const WORKLOAD_SCHEMA = {
  description: 'WorkloadSpec: what runs, how much of it, where, and how it is reached and watched.',
  type: 'object',
  additionalProperties: false,
  required: ['image'],
  properties: {
    image: { $ref: '#/$defs/text' },
    command: { $ref: '#/$defs/texts' },
    args: { $ref: '#/$defs/texts' },
    env: { type: 'array', items: { $ref: '#/$defs/env' }, maxItems: 256 },
    ports: { type: 'array', items: { $ref: '#/$defs/containerPort' }, maxItems: 64 },
    replicas: { $ref: '#/$defs/count' },
    size: {
      description: 'S, M, L or XL, or a parameter, written ${name}.',
      type: 'string',
      pattern: '^(S|M|L|XL|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})$',
    },
    resources: {
      type: 'object',
      additionalProperties: false,
      properties: { requests: { $ref: '#/$defs/quantities' }, limits: { $ref: '#/$defs/quantities' } },
    },
    probes: {
      type: 'object',
      additionalProperties: false,
      properties: {
        readiness: { $ref: '#/$defs/probe' },
        liveness: { $ref: '#/$defs/probe' },
        startup: { $ref: '#/$defs/probe' },
      },
    },
    volumes: { type: 'array', items: { $ref: '#/$defs/volume' }, maxItems: 64 },
    security: {
      type: 'object',
      additionalProperties: false,
      properties: {
        runAsUser: { type: 'integer', minimum: 0 },
        runAsGroup: { type: 'integer', minimum: 0 },
        fsGroup: { type: 'integer', minimum: 0 },
        runAsNonRoot: { type: 'boolean' },
        readOnlyRootFilesystem: { type: 'boolean' },
      },
    },
    placement: {
      type: 'object',
      additionalProperties: false,
      properties: {
        nodeSelector: { $ref: '#/$defs/textMap' },
        zones: { type: 'array', items: { $ref: '#/$defs/text' }, maxItems: 64 },
        spread: { enum: ['zone', 'node', 'none'] },
        tolerations: { type: 'array', items: { $ref: '#/$defs/toleration' }, maxItems: 64 },
        spot: { $ref: '#/$defs/switch' },
      },
    },
    domains: { type: 'array', items: { $ref: '#/$defs/domain' }, maxItems: 64 },
    scaling: {
      type: 'object',
      additionalProperties: false,
      required: ['max'],
      properties: {
        min: { $ref: '#/$defs/count' },
        max: { $ref: '#/$defs/count' },
        cpu: { $ref: '#/$defs/count' },
        memory: { $ref: '#/$defs/count' },
        when: { $ref: '#/$defs/parameterName' },
      },
    },
    observability: {
      type: 'object',
      additionalProperties: false,
      properties: {
        metrics: {
          type: 'object',
          additionalProperties: false,
          required: ['port'],
          properties: {
            port: { $ref: '#/$defs/portOrName' },
            path: { type: 'string', pattern: '^/', description: 'A URL path starting with `/`.' },
            intervalSeconds: { type: 'integer', minimum: 1, maximum: 3600 },
          },
        },
        logFormat: { enum: ['json', 'logfmt', 'text'] },
        alerts: { type: 'array', items: { $ref: '#/$defs/alert' }, maxItems: 64 },
      },
    },
    owner: { $ref: '#/$defs/text' },
    schedule: {
      description: 'A cron expression, or an object with cron.',
      type: ['string', 'object'],
      minLength: 1,
      additionalProperties: false,
      required: ['cron'],
      properties: {
        cron: { $ref: '#/$defs/text' },
        timeZone: { $ref: '#/$defs/text' },
        concurrency: {
          description: 'Allow, Forbid or Replace, or a parameter, written ${name}.',
          type: 'string',
          pattern: '^(Allow|Forbid|Replace|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})$',
        },
        suspend: { $ref: '#/$defs/switch' },
        startingDeadlineSeconds: { $ref: '#/$defs/count' },
        keepSucceeded: { $ref: '#/$defs/count' },
        keepFailed: { $ref: '#/$defs/count' },
      },
    },
    runOnce: { type: 'boolean' },
    retries: { $ref: '#/$defs/count' },
    deadlineSeconds: { $ref: '#/$defs/count' },
  },
  allOf: [{ not: { required: ['size', 'resources'] } }, { not: { required: ['schedule', 'runOnce'] } }],
} as const;
