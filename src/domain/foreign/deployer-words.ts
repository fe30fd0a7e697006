import { ChandleryError } from '../errors.ts';

/** A value from a schema.yaml as an error repeats it: short, and quoted. */
export function quote(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 100) : (value ?? null));
}

/** The failure for a schema.yaml that breaks its format. */
export function invalidSchema(where: string, message: string): ChandleryError {
  return new ChandleryError('template_invalid', `${where}: ${message}`, { issues: [{ path: where, message }] });
}
