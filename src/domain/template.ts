/** The types of `template.yaml` (DESIGN section 6). The JSON Schema in docs/schemas/template.schema.json is the rule; these mirror it. */

export type TemplateType = 'workload' | 'manifests' | 'helm' | 'deployer' | 'pack' | 'stack';

export interface Maintainer {
  name: string;
  email?: string;
  url?: string;
}

export interface TemplateMetadata {
  name: string;
  version: string;
  displayName?: string;
  description: string;
  license?: string;
  category?: string;
  tags?: string[];
  maintainers?: Maintainer[];
  icon?: string;
  homepage?: string;
  readme?: string;
}

export interface TemplateDependency {
  name: string;
  version: string;
  registry?: string;
  optional?: boolean;
  scope?: 'namespace' | 'cluster';
  parameters?: Record<string, unknown>;
}

export interface TemplateRequirements {
  kubernetes?: string;
  resources?: Array<{ replicas?: number; requests?: Record<string, string> }>;
  apis?: string[];
  permissions?: Array<Record<string, unknown>>;
}

export interface TemplateImage {
  ref: string;
  digest?: string;
  parameters?: Partial<Record<'FULL' | 'REGISTRY' | 'REPO_WITH_REGISTRY' | 'REPO_WITHOUT_REGISTRY' | 'TAG', string>>;
}

export interface TemplateOutput {
  name: string;
  description?: string;
  from: 'service' | 'ingress' | 'secret' | 'value';
  /** the value is shown only to those who may read the Secret */
  secret?: boolean;
  /** service: port number or name, and the URL's scheme and path where it is one */
  port?: number | string;
  scheme?: string;
  path?: string;
  /** secret: its key, and its name where it is not the deployment's own */
  key?: string;
  secretName?: string;
  /** value: text with parameters in it */
  value?: string;
  [key: string]: unknown;
}

export interface TemplateSpec {
  type: TemplateType;
  parameters?: Record<string, unknown>;
  images?: Record<string, TemplateImage>;
  dependencies?: TemplateDependency[];
  inherits?: Array<{ name: string; version: string }>;
  requires?: TemplateRequirements;
  workload?: Record<string, unknown>;
  content?: { path?: string; chart?: string; image?: string };
  components?: Array<{
    name: string;
    template: string;
    version: string;
    parameters?: Record<string, unknown>;
    dependsOn?: string[];
  }>;
  outputs?: TemplateOutput[];
  handler?: Record<string, unknown>;
  inputSchema?: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  examples?: unknown[];
}

export interface TemplateManifest {
  apiVersion: 'chandlery.dev/v1';
  kind: 'Template';
  metadata: TemplateMetadata;
  spec: TemplateSpec;
  /** Filled by registries, never trusted from the archive. */
  marketplace?: Record<string, unknown>;
  trust?: { signed_by?: string; sha256?: string };
}

/** The root manifest's name in every archive; the content hash leaves out this file and no other. */
export const MANIFEST_FILE = 'template.yaml';
