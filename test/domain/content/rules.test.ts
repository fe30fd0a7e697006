// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { contentQuality, contentSecurity } from '../../../src/domain/content/validators.ts';
import { writtenObjects } from '../../../src/domain/render/manifest-files.ts';
import { MAX_FILE_TEXT_BYTES } from '../../../src/domain/validation.ts';
import { DEPLOYMENT, type Files, MANIFEST, README, subjectOf, WHOLE } from '../../support/subject.ts';

async function security(object: string, manifest = MANIFEST) {
  const files = { ...WHOLE, 'template.yaml': manifest, 'manifests/web.yaml': object };
  return (await contentSecurity.validate(await subjectOf(files))).map(({ id, line, severity }) => [id, line, severity]);
}

const quality = async (object: string) =>
  (await contentQuality.validate(await subjectOf({ ...WHOLE, 'manifests/web.yaml': object }))).map(
    ({ explanation }) => explanation,
  );

const pod = (text: string) => DEPLOYMENT.replace('    spec:\n', `    spec:\n${text}`);
const container = (text: string) => DEPLOYMENT.replace('          readinessProbe:', `${text}          readinessProbe:`);
const securityContext = (text: string) =>
  DEPLOYMENT.replace('{ allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }', text);

describe('the content of a template', () => {
  it('has no finding where nothing is wrong', async () => {
    expect(await security(DEPLOYMENT)).toEqual([]);
    expect(await quality(DEPLOYMENT)).toEqual([]);
  });

  describe('attack: a pod that leaves its container', () => {
    it.each([
      ['privileged', securityContext('{ privileged: true }'), ['content/privileged', 13, 'high']],
      ['on the network of its node', pod('      hostNetwork: true\n'), ['content/host-namespace', 9, 'high']],
      ['among the processes of its node', pod('      hostPID: true\n'), ['content/host-namespace', 9, 'high']],
      [
        'with a folder of its node',
        pod('      volumes: [{ name: a, hostPath: { path: /data } }]\n'),
        ['content/host-path', 9, 'high'],
      ],
      [
        'with the runtime of its node',
        pod('      volumes: [{ name: a, hostPath: { path: /var/run/docker.sock } }]\n'),
        ['content/host-path', 9, 'critical'],
      ],
      [
        'with the root of its node, written round about',
        pod('      volumes: [{ name: a, hostPath: { path: /data/.. } }]\n'),
        ['content/host-path', 9, 'critical'],
      ],
      ['with SYS_ADMIN', securityContext('{ capabilities: { add: [CAP_SYS_ADMIN] } }'), ['content/capability', 13, 'high']],
      ['with NET_RAW', securityContext('{ capabilities: { add: [NET_RAW] } }'), ['content/capability', 13, 'medium']],
      [
        'with more rights later',
        securityContext('{ allowPrivilegeEscalation: true }'),
        ['content/privilege-escalation', 13, 'medium'],
      ],
      ['without seccomp', securityContext('{ seccompProfile: { type: Unconfined } }'), ['content/unconfined', 13, 'medium']],
      ['as root', DEPLOYMENT.replace('{ runAsNonRoot: true }', '{ runAsUser: 0 }'), ['content/runs-as-root', 13, 'medium']],
      [
        'on a port of its node',
        container('          ports: [{ containerPort: 80, hostPort: 80 }]\n'),
        ['content/host-port', 15, 'medium'],
      ],
    ])('%s', async (_how, object, expected) => {
      expect(await security(object)).toEqual([expected]);
    });

    it('in a container that only prepares the others, in a CronJob and in a List', async () => {
      const init = pod(
        `      initContainers: [{ name: a, image: "a@sha256:${'a'.repeat(64)}", securityContext: { privileged: true } }]\n`,
      );
      expect(await security(init)).toEqual([['content/privileged', 9, 'high']]);
      const spec = '{ hostPID: true, containers: [] }';
      expect(await security(`kind: CronJob\nspec: { jobTemplate: { spec: { template: { spec: ${spec} } } } }\n`)).toHaveLength(1);
      expect(await security(`kind: PodList\nitems: [{ kind: Pod, spec: ${spec} }]\n`)).toHaveLength(1);
    });

    it('when a parameter says so: by its default, and less bad where somebody must choose it', async () => {
      const object = securityContext('{ privileged: "${root}" }');
      const manifest = (more: string) =>
        MANIFEST.replace('properties:\n', `properties:\n      root: { type: boolean, description: Root.${more} }\n`);
      expect(await security(object, manifest(', default: true'))).toEqual([['content/privileged', 13, 'high']]);
      expect(await security(object, manifest(', default: false'))).toEqual([['content/privileged', 13, 'medium']]);
    });
  });

  describe('attack: rights from which all others follow', () => {
    const role = (kind: string, rule: string) => `kind: ${kind}\nmetadata: { name: a }\nrules:\n  - ${rule}\n`;

    it.each([
      ['everything', role('ClusterRole', '{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }'), 'critical'],
      [
        'to bind any role',
        role('ClusterRole', '{ apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind] }'),
        'critical',
      ],
      ['to act as others', role('ClusterRole', '{ apiGroups: [""], resources: [users], verbs: [impersonate] }'), 'critical'],
      ['to read Secrets', role('ClusterRole', '{ apiGroups: [""], resources: [secrets], verbs: [list] }'), 'high'],
      ['to read Secrets by a star', role('ClusterRole', '{ apiGroups: [""], resources: ["*"], verbs: [get] }'), 'high'],
      ['to read Secrets of its namespace', role('Role', '{ apiGroups: [""], resources: [secrets], verbs: [get] }'), 'medium'],
      ['to read one Secret', role('Role', '{ apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get] }'), 'low'],
      ['to run commands elsewhere', role('ClusterRole', '{ apiGroups: [""], resources: [pods/exec], verbs: [create] }'), 'high'],
    ])('%s', async (_what, object, severity) => {
      const expected = [['content/rbac', 4, severity]];
      // Of several dangers the worst is told.
      expect(await security(object)).toEqual(expected);
    });

    it('given to its own account, or to everybody', async () => {
      const binding = (kind: string, roleName: string, subject: string) =>
        `kind: ${kind}\nmetadata: { name: a }\nroleRef: { kind: ClusterRole, name: ${roleName} }\nsubjects:\n  - { kind: Group, name: "${subject}" }\n`;
      expect(await security(binding('ClusterRoleBinding', 'cluster-admin', 'web'))).toEqual([['content/rbac', 3, 'critical']]);
      expect(await security(binding('RoleBinding', 'cluster-admin', 'web'))).toEqual([['content/rbac', 3, 'high']]);
      expect(await security(binding('ClusterRoleBinding', 'view', 'system:anonymous'))).toEqual([
        ['content/rbac', 5, 'critical'],
      ]);
      expect(await security(binding('RoleBinding', 'view', 'web'))).toEqual([]);
    });

    it('to read what everybody may read are none', async () => {
      expect(
        await security(role('ClusterRole', '{ apiGroups: [""], resources: [configmaps, services], verbs: [get, list, watch] }')),
      ).toEqual([]);
    });
  });

  it.each([
    [
      'for kube-system',
      'kind: ConfigMap\nmetadata: { name: a, namespace: kube-system }\n',
      ['content/system-namespace', 2, 'high'],
    ],
    [
      'that switch Pod Security off',
      'kind: Namespace\nmetadata:\n  name: a\n  labels: { pod-security.kubernetes.io/enforce: privileged }\n',
      ['content/pod-security-off', 4, 'high'],
    ],
    [
      'that take traffic of others',
      'kind: Service\nmetadata: { name: a }\nspec:\n  externalIPs: [10.0.0.1]\n',
      ['content/external-ips', 4, 'high'],
    ],
  ])('has findings for objects %s', async (_what, object, expected) => {
    expect(await security(object)).toEqual([expected]);
  });

  describe('images', () => {
    const image = (reference: string) => DEPLOYMENT.replace(/image: .*/, `image: ${reference}`);

    it.each([
      ['without a tag', 'example.com/web', 'medium'],
      ['with a tag that moves', 'example.com:5000/web:latest', 'medium'],
      ['with a tag', 'example.com:5000/web:1.2.3', 'info'],
    ])('%s are unpinned', async (_how, reference, severity) => {
      expect(await security(image(reference))).toEqual([['content/image-unpinned', 11, severity]]);
    });

    it('are pinned by the digest that the manifest names', async () => {
      const manifest = MANIFEST.replace(
        '  parameters:',
        `  images: { web: { ref: "example.com/web:1", digest: "sha256:${'b'.repeat(64)}" } }\n  parameters:`,
      );
      expect(await security(image('example.com/web:1'), manifest)).toEqual([]);
    });
  });

  it('has a finding for containers without requests, limits and probes', async () => {
    const bare = DEPLOYMENT.replace(/ {10}resources.*\n {10}readiness.*\n/, '');
    expect(await quality(bare)).toEqual(
      [
        'Deployment web, container web has neither a readiness nor a liveness probe',
        'Deployment web, container web has no request for cpu, no request for memory, no limit of memory',
      ].reverse(),
    );
    // What ends by itself needs no probe.
    const job = bare.replace('kind: Deployment', 'kind: Job');
    expect(await quality(job)).toHaveLength(1);
  });

  describe('attack: a file that nobody can look at', () => {
    it('is critical where it is deployed and too long', async () => {
      const long = `${DEPLOYMENT}# ${'x'.repeat(1024 * 1024)}\n`;
      expect(await security(long)).toEqual([['content/unreadable', 1, 'critical']]);
    });

    it('is a finding where it is no YAML, with the line', async () => {
      expect(await security('kind: Pod\nspec: {\n')).toEqual([['content/unreadable', expect.any(Number), 'medium']]);
    });

    it('is told where a renderer of charts has to run first', async () => {
      const manifest = MANIFEST.replace('type: manifests', 'type: helm').replace('{ path: manifests }', '{ chart: chart }');
      const files = { ...WHOLE, 'template.yaml': manifest, 'chart/templates/web.yaml': 'kind: {{ .Values.kind }}\n' };
      expect((await contentSecurity.validate(await subjectOf(files))).map(({ id, file }) => [id, file])).toEqual([
        ['content/not-rendered', 'chart/templates/web.yaml'],
      ]);
    });
  });

  describe('attack: objects that are deployed past the rules', () => {
    const ROLE = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: a }
rules:
  - { apiGroups: ["*"], resources: ["*"], verbs: ["*"] }
`;
    const found = async (files: Files) =>
      (await contentSecurity.validate(await subjectOf({ ...WHOLE, ...files })))
        .filter(({ severity }) => severity === 'critical')
        .map(({ id, file }) => [id, file]);
    /** What the renderer of manifests makes of the same archive. */
    const deployed = async (files: Files) => {
      const whole = { ...WHOLE, ...files };
      const { manifest, paths } = await subjectOf(whole);
      const texts = new Map(paths.map((path) => [path, Buffer.from(whole[path] ?? '').toString('utf8')]));
      return writtenObjects(manifest, texts).map(({ file, value }) => `${file} ${String(value.kind)}`);
    };
    const expectSeen = async (file: string, files: Files, id = 'content/rbac') => {
      expect(await deployed(files)).toContain(`${file} ClusterRole`);
      expect(await found(files)).toEqual([[id, file]]);
    };

    it('behind braces, which no engine of manifests expands', async () => {
      const braces = `# {{ .Values.anything }}\n${ROLE}`;
      await expectSeen('manifests/role.yaml', { 'manifests/role.yaml': braces });
    });

    it.each([
      'values.yaml',
      'values-production.yaml',
      'Chart.yaml',
      'requirements.yaml',
      'kustomization.yaml',
      'deep/down/objects.schema.json',
      'template.yaml',
    ])('in a file with the name of something else: %s', async (name) => {
      await expectSeen(`manifests/${name}`, { [`manifests/${name}`]: ROLE });
    });

    it('in a file without an ending, which the manifest names itself', async () => {
      const manifest = MANIFEST.replace('path: manifests', 'path: all');
      await expectSeen('all', { 'template.yaml': manifest, all: ROLE });
    });

    it('in a file with one byte that is no text', async () => {
      const bytes = Buffer.concat([Buffer.from(`${ROLE}# `), Buffer.from([0xff, 0x0a])]);
      await expectSeen('manifests/role.yaml', { 'manifests/role.yaml': bytes }, 'content/unreadable');
    });

    it('behind more text than is held', async () => {
      // The readme comes first, so that nothing at all is left.
      const sizes = [...Array.from({ length: 3 }, () => MAX_FILE_TEXT_BYTES), MAX_FILE_TEXT_BYTES - README.length];
      const padding = Object.fromEntries(sizes.map((size, at) => [`a/${at}.txt`, 'x'.repeat(size)]));
      const manifest = MANIFEST.replace('path: manifests', 'path: roles');
      const files = { ...padding, 'template.yaml': manifest, 'roles/role.yaml': ROLE };
      await expectSeen('roles/role.yaml', files, 'content/unreadable');
    });
  });
});
