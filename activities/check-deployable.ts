import type { TemplatePin } from '../src/domain/deployment.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { RegistryPlugin, RegistrySet } from '../src/domain/registry.ts';
import type { Identity } from '../src/domain/store.ts';
import { SEVERITIES } from '../src/domain/validation.ts';
import { checkRegistryAllowed } from './decide-policy.ts';
import type { ActivityDeps } from './deps.ts';
import { registriesFor } from './source-registries.ts';

/** Findings of this severity or a worse one are told before what has them is run. */
const TOLD = SEVERITIES.indexOf('high');

/**
 * Before what is installed is put into the cluster: policy let it in when it was installed, and may have changed. Answers what people should
 * know of it. Fails with policy_denied where nothing may be taken from its registry any more.
 */
export async function checkDeployable(
  deps: ActivityDeps,
  requester: Identity | undefined,
  templates: readonly TemplatePin[],
): Promise<string[]> {
  const registries = registriesFor(deps, requester);
  for (const { registry, name } of templates) {
    const known = await configured(registries, registry);
    if (known) checkRegistryAllowed(deps, known, name);
  }
  const looked = await deps.store.findings.of(templates.map(({ digest }) => digest));
  return templates.flatMap(({ name, version, digest }) => {
    const findings = (looked.get(digest)?.findings ?? []).filter(({ severity }) => SEVERITIES.indexOf(severity) <= TOLD);
    const [worst] = findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
    if (!worst) return [];
    const count = findings.length === 1 ? 'a finding' : `${findings.length} findings`;
    return [
      `${name} ${version} has ${count} since it was looked at again, the worst ${worst.severity}: ${worst.id} in ${worst.file}`,
    ];
  });
}

/** One that was taken out of the configuration is of no type, so that no policy speaks of it. */
async function configured(registries: RegistrySet, name: string): Promise<RegistryPlugin | undefined> {
  try {
    return await findRegistry(registries, name);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'registry_not_found') return undefined;
    throw error;
  }
}
