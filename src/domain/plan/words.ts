import type { FieldChange, PlannedDependency, TemplatePin } from '../deployment.ts';

/** How the parts of a plan are spoken of. */

/** Characters of one value in a line: an image with its digest is shown whole, since what changes is at its end. */
const MAX_VALUE = 160;
/** Hex digits of a digest that people compare by eye. */
const SHORT_DIGEST = 12;

/** JSON in one line; cut where it is long. */
export function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

/** `+ /spec/replicas: 3`, `- /spec/paused: true`, `~ /spec/replicas: 2 -> 3`; of a secret value only that it changes. */
export function changeText({ path, before, after, masked }: FieldChange): string {
  if (before === undefined) return `+ ${path}: ${masked ? '(secret)' : valueText(after)}`;
  if (after === undefined) return `- ${path}: ${masked ? '(secret)' : valueText(before)}`;
  return `~ ${path}: ${masked ? '(secret, changed)' : `${valueText(before)} -> ${valueText(after)}`}`;
}

/** `default/redis@7.2.0`. */
export function pinText({ registry, name, version }: TemplatePin): string {
  return `${registry}/${name}@${version}`;
}

/** `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, SHORT_DIGEST)}`;
}

/** `deploy default/redis@7.2.0`, or `use what is there (redis ^7)`. */
export function dependencyText({ action, pin, template, range }: PlannedDependency): string {
  if (action === 'shared') return `use what is there (${template} ${range})`;
  return `deploy ${pin ? pinText(pin) : `${template} ${range}`}`;
}
