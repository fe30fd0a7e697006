// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { createSecrets, onePerLine } from '../../../src/domain/secrets/validator.ts';
import type { Finding } from '../../../src/domain/validation.ts';
import { MANIFEST, subjectOf, WHOLE } from '../../support/subject.ts';

const RANDOM = ['q7Zp', 'X2vL9sKd', '4TgYb1Ne', 'Rw8uMh3Jc6Fa'].join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function found(path: string, text: string) {
  const findings = onePerLine(await createSecrets().validate(await subjectOf({ ...WHOLE, [path]: text })));
  return findings.map(({ id, file, line, severity }) => [id, file, line, severity]);
}

describe('secrets in texts', () => {
  it('are none in a template that has none', async () => {
    expect(await createSecrets().validate(await subjectOf(WHOLE))).toEqual([]);
  });

  describe('attack: a Secret with its values in base64', () => {
    const secret = (data: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n${data}`;

    it.each([
      [
        'encoded',
        secret(`data:\n  password: ${base64('hunter2')}\n`),
        [['secrets/kubernetesSecret', 'manifests/s.yaml', 5, 'high']],
      ],
      ['plain', secret('stringData:\n  password: hunter2\n'), [['secrets/kubernetesSecret', 'manifests/s.yaml', 5, 'high']]],
      [
        'as JSON',
        `{"kind":"Secret","data":{"a":"${base64('hunter2')}"}}`,
        [['secrets/kubernetesSecret', 'manifests/s.yaml', 1, 'high']],
      ],
      [
        'in a List',
        `kind: List\nitems:\n  - kind: Secret\n    data: {a: ${base64('hunter2')}}\n`,
        [['secrets/kubernetesSecret', 'manifests/s.yaml', 4, 'high']],
      ],
      [
        'behind another document',
        `kind: ConfigMap\n---\nkind: Secret\ndata:\n  a: ${base64('hunter2')}\n`,
        [['secrets/kubernetesSecret', 'manifests/s.yaml', 5, 'high']],
      ],
      [
        'in a template that is no YAML yet',
        `{{- if .Values.on }}\nkind: Secret\ndata:\n  a: ${base64('hunter2')}\n  b: {{ .Values.b | b64enc }}\n{{- end }}\n`,
        [['secrets/kubernetesSecret', 'manifests/s.yaml', 4, 'high']],
      ],
    ])('is found (%s)', async (_how, text, expected) => {
      expect(await found('manifests/s.yaml', text)).toEqual(expected);
    });

    it.each([
      ['in a list of its kind', 'apiVersion: v1\nkind: SecretList\nitems:\n  - kind: Secret\n    stringData: {a: hunter2}\n', 5],
      ['by a kind that is written another way', '"k\\u0069nd": "Secr\\x65t"\nstringData:\n  a: hunter2\n', 3],
      ['beside braces', `# {{ }}\n? kind\n: Secret\nstringData:\n  a: hunter2\n`, 5],
    ])('is found where it is deployed (%s)', async (_how, text, line) => {
      expect(await found('manifests/s.yaml', text)).toEqual([['secrets/kubernetesSecret', 'manifests/s.yaml', line, 'high']]);
    });

    it('is found in a file without an ending, which the manifest names itself', async () => {
      const files = { ...WHOLE, 'template.yaml': MANIFEST.replace('path: manifests', 'path: all') };
      const text = secret('stringData:\n  password: hunter2\n');
      const findings = await createSecrets().validate(await subjectOf({ ...files, all: text }));
      expect(findings.map(({ id, file }) => [id, file])).toEqual([['secrets/kubernetesSecret', 'all']]);
    });

    it('is critical where a key is inside', async () => {
      const key = ['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('');
      expect(await found('manifests/s.yaml', secret(`data:\n  a: ${base64(key)}\n`))).toEqual([
        ['secrets/kubernetesSecret', 'manifests/s.yaml', 5, 'critical'],
      ]);
    });

    it.each([
      ['a parameter', 'stringData:\n  password: ${password}\n'],
      ['nothing', 'data:\n  password: ""\n'],
      ['a public certificate', `data:\n  ca.crt: ${base64('-----BEGIN CERTIFICATE-----\nMIID')}\n`],
    ])('is none with %s', async (_what, data) => {
      expect(await found('manifests/s.yaml', secret(data))).toEqual([]);
    });
  });

  it.each([
    ['a value named like a password', `password: ${RANDOM}\n`, 'secrets/namedValue', 'high'],
    ['one in an assignment', `export DB_PASSWORD="${RANDOM.slice(0, 18)}"\n`, 'secrets/namedValue', 'high'],
    ['a random value without a name', `blob: ${RANDOM}${RANDOM}\n`, 'secrets/highEntropy', 'medium'],
  ])('are found by their randomness: %s', async (_what, text, id, severity) => {
    expect(await found('notes.env', text)).toEqual([[id, 'notes.env', 1, severity]]);
  });

  it.each([
    ['a reference', 'password: ${password}\nsecretName: web-tls-2024\n'],
    ['a word', 'password: correct-horse-battery\ntoken: changeme-now-1\n'],
    ['a digest', `digest: sha256:${'0123456789abcdef'.repeat(4)}\nintegrity: sha512-${base64(RANDOM + RANDOM)}\n`],
    ['a path', 'file: charts/postgresql/templates/Primary2/StatefulSet.yaml\n'],
    ['a public key', `-----BEGIN PUBLIC KEY-----\n${RANDOM}${RANDOM}\n-----END PUBLIC KEY-----\n`],
    ['one that somebody stands for', `# chandlery:allow-secret, of the test server\npassword: ${RANDOM}\n`],
  ])('let %s pass', async (_what, text) => {
    expect(await found('notes.env', text)).toEqual([]);
  });

  it('leave lock files alone, which are full of checksums', async () => {
    expect(await found('package-lock.json', `{"x":"${RANDOM}${RANDOM}"}`)).toEqual([]);
  });

  it('count once where several rules see the same one', () => {
    const finding = (id: string, severity: Finding['severity'], line: number): Finding => ({
      ...{ id, severity, line, file: 'a', explanation: '', recommendation: '' },
    });
    const kept = onePerLine([
      finding('secrets/highEntropy', 'medium', 1),
      finding('secrets/awsKey', 'critical', 1),
      finding('secrets/namedValue', 'high', 2),
      finding('content/privileged', 'high', 1),
    ]);
    expect(kept.map(({ id }) => id)).toEqual(['content/privileged', 'secrets/awsKey', 'secrets/namedValue']);
  });
});
