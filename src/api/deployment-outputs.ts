import type { ClusterSession } from '../domain/cluster.ts';
import type { OutputView, RevisionRecord } from '../domain/deployment.ts';
import type { DeploymentKey } from '../domain/deployment-store.ts';
import { targetId } from '../domain/operation.ts';
import { outputsOf } from '../domain/render/index.ts';
import type { Rendered } from '../domain/rendered.ts';
import type { Store } from '../domain/store.ts';
import type { TemplateOutput } from '../domain/template.ts';

export interface OutputsRead {
  session: ClusterSession;
  store: Pick<Store, 'documents' | 'audit'>;
  key: DeploymentKey;
  /** Whose outputs; undefined when nothing has been deployed yet. */
  revision: RevisionRecord | undefined;
  /** False: secret outputs are named, and neither read nor written into the audit log. */
  withSecrets: boolean;
  signal: AbortSignal;
}

/** Connection details, read from the cluster as the user. Reading a secret one is written down first. Fails as the cluster does. */
export async function readOutputs({ session, store, key, revision, withSecrets, signal }: OutputsRead): Promise<OutputView[]> {
  const rendered = revision && ((await store.documents.get('rendered', revision.rendered)) as Rendered | undefined);
  if (!rendered) return [];
  const { objects, outputs } = rendered;
  const asked = withSecrets ? outputs : outputs.filter((output) => !isSecret(output));
  const views = await outputsOf({ objects, outputs: asked }, (ref) => session.get(ref, { signal }), key);
  const shown = views.filter(({ secret, value }) => secret && value !== undefined).map(({ name }) => name);
  if (shown.length > 0)
    await store.audit.append({
      actor: session.identity.user,
      action: 'read-secret-outputs',
      object: targetId({ kind: 'deployment', cluster: key.cluster, namespace: key.namespace, name: key.name }),
      outcome: 'allowed',
      detail: { outputs: shown },
    });
  return outputs.map((output) => views.find(({ name }) => name === output.name) ?? unread(output));
}

function isSecret({ from, secret = from === 'secret' }: TemplateOutput): boolean {
  return secret;
}

function unread({ name, description }: TemplateOutput): OutputView {
  return { name, ...(description !== undefined && { description }), secret: true, note: 'secret, and not asked for' };
}
