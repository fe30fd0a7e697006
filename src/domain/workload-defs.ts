// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
/**
 * Parts of the JSON Schema of WorkloadSpec and of the template around it; published as part of
 * docs/schemas/template.schema.json. Where a number or a switch may also come from a parameter, the schema takes `${name}` beside it.
 */

/** Parts used by several members. The `description` of a pattern is what a
 * person is told when it does not match.
 */
export const WORKLOAD_DEFS = {
  parameterName: {
    description: 'Letters, digits and underscores, not starting with a digit.',
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
  },
  label: {
    description: 'Lower-case letters, digits and dashes, starting and ending with a letter or digit, at most 63 characters.',
    type: 'string',
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    maxLength: 63,
  },
  text: { type: 'string', minLength: 1, maxLength: 4096 },
  texts: { type: 'array', items: { type: 'string', maxLength: 65536 }, maxItems: 256 },
  textMap: { type: 'object', additionalProperties: { type: 'string', maxLength: 4096 }, maxProperties: 128 },
  count: {
    description: 'A whole number from 0, or a parameter, written ${name}.',
    type: ['integer', 'string'],
    minimum: 0,
    pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$',
  },
  port: {
    description: 'A port number, or a parameter, written ${name}.',
    type: ['integer', 'string'],
    minimum: 1,
    maximum: 65535,
    pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$',
  },
  portOrName: {
    description: 'A port number, the name of a port, or a parameter, written ${name}.',
    type: ['integer', 'string'],
    minimum: 1,
    maximum: 65535,
    pattern: '^(\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$',
  },
  switch: {
    description: 'true or false, or a parameter, written ${name}.',
    type: ['boolean', 'string'],
    pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$',
  },
  quantity: {
    description: 'A Kubernetes quantity such as 250m, 512Mi or 10Gi in quotes, or a parameter, written ${name}.',
    type: 'string',
    pattern: '^(\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}|[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?)$',
  },
  quantities: { type: 'object', additionalProperties: { $ref: '#/$defs/quantity' }, maxProperties: 32 },
  keyRef: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'key'],
    properties: { name: { $ref: '#/$defs/text' }, key: { $ref: '#/$defs/text' }, optional: { type: 'boolean' } },
  },
  env: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        description: 'Letters, digits, `_`, `-` and `.`, not starting with a digit.',
        type: 'string',
        pattern: '^[-._a-zA-Z][-._a-zA-Z0-9]*$',
      },
      value: { type: 'string', maxLength: 65536 },
      secretRef: { $ref: '#/$defs/keyRef' },
      configRef: { $ref: '#/$defs/keyRef' },
      parameter: { $ref: '#/$defs/parameterName' },
      when: { $ref: '#/$defs/parameterName' },
    },
    oneOf: [{ required: ['value'] }, { required: ['secretRef'] }, { required: ['configRef'] }, { required: ['parameter'] }],
  },
  containerPort: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'port'],
    properties: {
      name: {
        description: 'Lower-case letters, digits and dashes, at most 15 characters.',
        type: 'string',
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
        maxLength: 15,
      },
      port: { $ref: '#/$defs/port' },
      servicePort: { $ref: '#/$defs/port' },
      protocol: { enum: ['TCP', 'UDP', 'SCTP'] },
      expose: { $ref: '#/$defs/switch' },
    },
  },
  probe: {
    type: 'object',
    additionalProperties: false,
    properties: {
      http: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'port'],
        properties: { path: { $ref: '#/$defs/text' }, port: { $ref: '#/$defs/portOrName' }, scheme: { enum: ['HTTP', 'HTTPS'] } },
      },
      tcp: {
        type: 'object',
        additionalProperties: false,
        required: ['port'],
        properties: { port: { $ref: '#/$defs/portOrName' } },
      },
      exec: {
        type: 'object',
        additionalProperties: false,
        required: ['command'],
        properties: { command: { $ref: '#/$defs/texts' } },
      },
      grpc: {
        type: 'object',
        additionalProperties: false,
        required: ['port'],
        properties: { port: { $ref: '#/$defs/port' }, service: { $ref: '#/$defs/text' } },
      },
      initialDelaySeconds: { type: 'integer', minimum: 0, maximum: 3600 },
      periodSeconds: { type: 'integer', minimum: 1, maximum: 3600 },
      timeoutSeconds: { type: 'integer', minimum: 1, maximum: 3600 },
      failureThreshold: { type: 'integer', minimum: 1, maximum: 1000 },
      successThreshold: { type: 'integer', minimum: 1, maximum: 1000 },
    },
    oneOf: [{ required: ['http'] }, { required: ['tcp'] }, { required: ['exec'] }, { required: ['grpc'] }],
  },
  volume: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'path'],
    properties: {
      name: { $ref: '#/$defs/label' },
      path: { description: 'An absolute path inside the container.', type: 'string', pattern: '^/' },
      subPath: { $ref: '#/$defs/text' },
      readOnly: { type: 'boolean' },
      when: { $ref: '#/$defs/parameterName' },
      persistent: {
        type: 'object',
        additionalProperties: false,
        required: ['size'],
        properties: {
          size: { $ref: '#/$defs/quantity' },
          storageClass: { $ref: '#/$defs/text' },
          accessMode: { enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany'] },
          perReplica: { type: 'boolean' },
        },
      },
      empty: {
        type: 'object',
        additionalProperties: false,
        properties: { sizeLimit: { $ref: '#/$defs/quantity' }, medium: { enum: ['Disk', 'Memory'] } },
      },
      secret: {
        type: 'object',
        additionalProperties: false,
        properties: {
          name: { $ref: '#/$defs/text' },
          parameter: { $ref: '#/$defs/parameterName' },
          items: { $ref: '#/$defs/textMap' },
        },
        oneOf: [{ required: ['name'] }, { required: ['parameter'] }],
        not: { required: ['parameter', 'items'] },
      },
      config: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: { name: { $ref: '#/$defs/text' }, items: { $ref: '#/$defs/textMap' } },
      },
      files: { type: 'object', additionalProperties: { type: 'string', maxLength: 65536 }, minProperties: 1, maxProperties: 64 },
    },
    oneOf: [
      { required: ['persistent'] },
      { required: ['empty'] },
      { required: ['secret'] },
      { required: ['config'] },
      { required: ['files'] },
    ],
  },
  toleration: {
    type: 'object',
    additionalProperties: false,
    properties: {
      key: { $ref: '#/$defs/text' },
      operator: { enum: ['Exists', 'Equal'] },
      value: { type: 'string' },
      effect: { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] },
      tolerationSeconds: { type: 'integer', minimum: 0 },
    },
  },
  domain: {
    type: 'object',
    additionalProperties: false,
    required: ['host'],
    properties: {
      host: { $ref: '#/$defs/text' },
      path: { type: 'string', pattern: '^(/|\\$\\{)', description: 'A URL path starting with `/`.' },
      port: { $ref: '#/$defs/portOrName' },
      tls: {
        description: 'true, false, ${name}, or {secretName} and {issuer}.',
        type: ['boolean', 'string', 'object'],
        pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$',
        additionalProperties: false,
        properties: { secretName: { $ref: '#/$defs/text' }, issuer: { $ref: '#/$defs/text' } },
      },
      className: { $ref: '#/$defs/text' },
      when: { $ref: '#/$defs/parameterName' },
    },
  },
  alert: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'expr'],
    properties: {
      name: { $ref: '#/$defs/text' },
      expr: { $ref: '#/$defs/text' },
      for: { description: 'A duration such as 5m.', type: 'string', pattern: '^([0-9]+(ms|s|m|h|d))+$' },
      severity: { enum: ['info', 'warning', 'critical'] },
      summary: { $ref: '#/$defs/text' },
    },
  },
} as const;
