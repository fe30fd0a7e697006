import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { packFiles } from '../../src/adapters/archive/pack.ts';
import { archiveKeep, subjectOfArchive } from '../../src/domain/archive-subject.ts';
import { digestOf } from '../../src/domain/content-hash.ts';
import type { ValidationSubject } from '../../src/domain/validation.ts';
import { VALIDATION } from '../../src/domain/validation-set.ts';

/** Archives as validators see them, made from texts by the real packer and the real reader. */

export const README = '# Full\n\n```\nuse it\n```\n\n## Upgrading\n\nNothing to do.\n';

/** A template of type manifests with everything in it that gives points. */
export const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata:
  name: full
  version: 1.0.0
  description: A template with everything in it.
  license: Apache-2.0
  category: testing
  tags: [one, two]
  icon: icon.png
  homepage: https://example.com/
  maintainers: [{ name: Ann, email: ann@example.com }]
spec:
  type: manifests
  content: { path: manifests }
  parameters:
    type: object
    properties:
      size: { type: integer, default: 1, description: How many there are. }
`;

/** One container that lacks nothing. */
export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      securityContext: { runAsNonRoot: true }
      containers:
        - name: web
          image: example.com/web@sha256:${'a'.repeat(64)}
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 32Mi } }
          readinessProbe: { httpGet: { path: /, port: 80 } }
`;

export type Files = Readonly<Record<string, string | Buffer>>;

export const WHOLE: Files = {
  'template.yaml': MANIFEST,
  'README.md': README,
  'manifests/web.yaml': DEPLOYMENT,
  'tests/upgrade.yaml': 'kind: Test\n',
};

/** Packs and reads, with the stream scanners. Fails as the reader does. */
export async function subjectOf(files: Files): Promise<ValidationSubject> {
  const packed = packFiles(Object.entries(files).map(([path, data]) => ({ path, data: Buffer.from(data) })));
  const source = async function* () {
    yield packed;
  };
  const archive = await createArchiveReader().inspect(source(), { keep: archiveKeep(), streams: VALIDATION.streams });
  return subjectOfArchive(archive, 'the archive', digestOf(packed)).subject;
}
