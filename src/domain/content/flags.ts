import { valueAt } from '../object-fields.ts';
import type { TemplateManifest } from '../template.ts';

/** What a place of a manifest comes to: known, or left to a parameter. */
export type Flag = 'on' | 'off' | 'by-parameter';

const WHOLE = /^\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}?$/;

/** The value with a lone `${name}` replaced by the parameter's default, which is what a deployment gets that says nothing. */
export function withDefault(value: unknown, manifest: TemplateManifest): unknown {
  const reference = typeof value === 'string' ? WHOLE.exec(value) : null;
  if (!reference) return value;
  const [, name = '', fallback] = reference;
  return valueAt(manifest.spec.parameters, 'properties', name, 'default') ?? fallback ?? value;
}

/** Whether a switch is on, could be switched on by a parameter, or is off. */
export function flagOf(value: unknown, manifest: TemplateManifest): Flag {
  const known = withDefault(value, manifest);
  if (known === true || known === 'true') return 'on';
  if (known !== value) return 'by-parameter';
  return typeof value === 'string' && value.includes('$') ? 'by-parameter' : 'off';
}
