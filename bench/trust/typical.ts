import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeDirectory, openValidation } from '../../src/validation.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Figure } from '../figures.ts';
import { quantile, round } from '../figures.ts';

/** How long `chandlery validate` computes for a template as people write them, when its code is warm. */

/** milliseconds */
const GOAL_MS = 150;
const FILES = 30;
/** All files together, bytes. */
const TOTAL_BYTES = 100 * 1024;
const ROUNDS = 30;
const WARM_UP = 5;

const MANIFEST = `apiVersion: chandlery.dev/v1
kind: Template
metadata: { name: typical, version: 1.0.0, description: A template of a typical size., license: MIT }
spec:
  type: manifests
  content: { path: manifests }
  parameters: { type: object, properties: { replicas: { type: integer, default: 2, description: How many. } } }
`;

/** Packs, reads and judges a directory of 30 files again and again. */
export async function measureTypical(cleanup: Cleanup): Promise<{ figures: Figure[]; notes: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-bench-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  await writeTypical(dir);
  const set = openValidation();
  const times: number[] = [];
  for (let done = 0; done < WARM_UP + ROUNDS; done += 1) {
    const startedAt = performance.now();
    const { score } = await judgeDirectory(dir, set);
    if (score.total === undefined) throw new Error('there is no total');
    if (done >= WARM_UP) times.push(performance.now() - startedAt);
  }
  return {
    figures: [{ name: 'validate-typical', value: quantile(times, 0.5), unit: 'ms', goal: GOAL_MS }],
    notes: [`validate-typical: ${FILES} files, ${TOTAL_BYTES / 1024} KiB, p99 ${round(quantile(times, 0.99))} ms`],
  };
}

/** Writes the 30 files. */
export async function writeTypical(dir: string): Promise<void> {
  await mkdir(join(dir, 'manifests'), { recursive: true });
  await writeFile(join(dir, 'template.yaml'), MANIFEST);
  for (let at = 1; at < FILES; at += 1) await writeFile(join(dir, 'manifests', `part-${at}.yaml`), partOf(at));
}

function partOf(number: number): string {
  const objects: string[] = [];
  for (let bytes = 0; bytes < TOTAL_BYTES / FILES; ) {
    const text = `apiVersion: apps/v1
kind: Deployment
metadata: { name: part-${number}-${objects.length}, labels: { app.kubernetes.io/name: typical } }
spec:
  replicas: \${replicas}
  selector: { matchLabels: { app: part } }
  template:
    metadata: { labels: { app: part } }
    spec:
      securityContext: { runAsNonRoot: true }
      containers:
        - name: server
          image: registry.example.org/team/server:1.2.3
          env: [{ name: LOG_LEVEL, value: info }, { name: UPSTREAM, value: "http://upstream:8080/path" }]
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 32Mi } }
          readinessProbe: { httpGet: { path: /healthz, port: 8080 } }
`;
    objects.push(text);
    bytes += text.length;
  }
  return objects.join('---\n');
}
