import type { KubeObject, ObjectRef } from './cluster.ts';
import type { TemplateOutput } from './template.ts';

/** The result of rendering a template: objects that may hold secret tokens (secret-tokens.ts), never secrets. Stored by digest. */

/** Waves are applied in order; the objects of one wave at once. */
export const WAVES = ['namespaces', 'definitions', 'rbac', 'config', 'storage', 'workloads', 'routing'] as const;

export interface RenderedObject {
  ref: ObjectRef;
  /** index in WAVES */
  wave: number;
  object: KubeObject;
}

/** A secret parameter: given by the user, or made up by the server. */
export interface SecretParameter {
  name: string;
  /** Keys in the values Secret: the name; of a certificate `<name>.crt` and `<name>.key`. */
  keys: string[];
  generated?: 'password' | 'certificate';
  /** What a password must look like, from its schema. */
  minLength?: number;
  maxLength?: number;
  /** Its entries when nobody gives a value: from the template, so no secret of anybody's. */
  defaults?: Record<string, string>;
  /** False when it has no value, no default and is not made up: then its keys are absent. */
  present: boolean;
}

export interface Rendered {
  /** in order of wave, then kind, then name */
  objects: RenderedObject[];
  secrets: SecretParameter[];
  /** with parameters put in; a `value` output that would hold a secret is an error of the template */
  outputs: TemplateOutput[];
  images: string[];
  warnings: string[];
}
