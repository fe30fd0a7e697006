import type { TemplatePin } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { TemplateManifest } from '../src/domain/template.ts';
import type { ActivityDeps } from './deps.ts';
import { manifestUnder, SCAN_RULESET } from './scan.ts';

/** One file of a template's content; the largest manifest bundles are a tenth of it, bytes. */
const MAX_CONTENT_FILE = 4 * 1024 * 1024;

/** The manifest of exactly this archive: of the install, or of the verdict of its scan. Fails with template_not_found when neither is there. */
export async function manifestOf(deps: ActivityDeps, key: DeploymentKey, pin: TemplatePin): Promise<TemplateManifest> {
  const install = await deps.store.installs.get(key.cluster, key.namespace, pin.name);
  if (install?.digest === pin.digest) return install.manifest;
  const verdict = await deps.store.scans.find(pin.digest, SCAN_RULESET, { anyAge: true });
  if (verdict) return manifestUnder(verdict, pin);
  throw new ChandleryError(
    'template_not_found',
    `${pin.registry}/${pin.name}@${pin.version} (${pin.digest}) is not here any more; install it again`,
    {
      template: `${pin.name}@${pin.version}`,
    },
  );
}

/** The files below the template's content path, as text; none for a type that has no such files. */
export async function contentOf(
  deps: ActivityDeps,
  pin: TemplatePin,
  manifest: TemplateManifest,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const path = manifest.spec.type === 'manifests' ? manifest.spec.content?.path : undefined;
  if (path === undefined) return new Map();
  const root = path.replace(/\/+$/, '');
  const archive = await deps.archive.inspect(deps.store.blobs.read(pin.digest), {
    keep: (file, size) => (file === root || file.startsWith(`${root}/`)) && size <= MAX_CONTENT_FILE,
    signal,
  });
  return new Map([...archive.bodies].map(([file, body]) => [file, body.toString('utf8')]));
}
