import { ChandleryError } from './errors.ts';

/** `in_use` with everything that needs an installed template, by name; undefined when nothing does. */
export function inUse(
  template: string,
  dependents: Array<{ name: string; version: string; range: string }>,
  deployments: Array<{ name: string }>,
): ChandleryError | undefined {
  const who = [
    ...dependents.map(({ name, version, range }) => `${name} ${version} (needs ${template} ${range})`),
    ...deployments.map(({ name }) => `deployment ${name}`),
  ];
  if (who.length === 0) return undefined;
  return new ChandleryError('in_use', `${template} is needed by ${who.join(', ')}`, {
    template,
    dependents: dependents.map(({ name }) => name),
    ...(deployments.length > 0 && { deployments: deployments.map(({ name }) => name) }),
  });
}
