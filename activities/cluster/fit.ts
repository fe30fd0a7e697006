import type { ClusterSession } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { TemplateManifest } from '../../src/domain/template.ts';
import { fits } from '../../src/domain/versions.ts';
import type { ActivityDeps } from '../deps.ts';

/** The cluster is what the template requires: its version and the APIs it serves. Fails with cluster_unfit, naming all that is missing. */
export async function checkFit(
  deps: ActivityDeps,
  session: ClusterSession,
  { metadata, spec }: TemplateManifest,
  signal: AbortSignal,
): Promise<void> {
  const { kubernetes, apis = [] } = spec.requires ?? {};
  const [version, served] = await Promise.all([
    kubernetes === undefined ? undefined : deps.cluster?.version({ signal }),
    Promise.all(apis.map((api) => isServed(session, api, signal))),
  ]);
  const problems = apis.filter((_, at) => !served[at]).map((api) => `it does not serve ${api}`);
  if (kubernetes !== undefined && version !== undefined && !fits(plain(version), kubernetes))
    problems.unshift(`its version is ${version}, and ${kubernetes} is needed`);
  if (problems.length > 0)
    throw new ChandleryError(
      'cluster_unfit',
      `the cluster cannot run ${metadata.name} ${metadata.version}: ${problems.join('; ')}`,
      {
        template: `${metadata.name}@${metadata.version}`,
      },
    );
}

/** `group/version/Kind`, or `version/Kind` of the core group. */
async function isServed(session: ClusterSession, api: string, signal: AbortSignal): Promise<boolean> {
  const at = api.lastIndexOf('/');
  return (await session.resourceType(api.slice(0, at), api.slice(at + 1), { signal })) !== undefined;
}

/** A provider's own suffix (`v1.34.1-gke.100`) would read as a pre-release, which no plain range takes. */
function plain(version: string): string {
  return /^v?(\d+\.\d+\.\d+)/.exec(version)?.[1] ?? version;
}
