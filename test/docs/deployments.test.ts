import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { LIMITS } from '../../src/adapters/kubernetes/limits.ts';
import { MAX_DEPLOYMENT_NAME } from '../../src/domain/deployment-name.ts';
import { PATIENCE } from '../../src/domain/readiness/patience.ts';
import { RENDER_LIMITS } from '../../src/domain/render/limits.ts';
import { readPage, sectionOf, tableRows } from './support/pages.ts';

const page = readPage('docs/deployments.md');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MEBIBYTE = 1024 * 1024;

describe('docs/deployments.md', () => {
  it('states the limits the code has', () => {
    const rows = Object.fromEntries(tableRows(sectionOf(page, '## Limits')) as Array<[string, string]>);
    expect(rows['objects of a deployment']).toContain(
      `${RENDER_LIMITS.maxObjects}, and ${RENDER_LIMITS.maxBytes / MEBIBYTE} MiB`,
    );
    expect(rows['name of a deployment']).toContain(`${MAX_DEPLOYMENT_NAME} characters`);
    expect(rows['requests to the cluster at once, by process']).toBe(`${LIMITS.sockets}, each ${LIMITS.requestMs / SECOND} s`);
  });

  it('states how long trouble may last', () => {
    const section = sectionOf(page, '## When it is ready');
    expect(section).toContain(`an image that cannot be pulled for ${PATIENCE.start / SECOND} s`);
    expect(section).toContain(`for ${PATIENCE.schedule / MINUTE} minutes`);
    expect(section).toContain(`pods that a quota refuses for ${PATIENCE.replicas / SECOND} s`);
  });

  it('shows the rights of the local cluster', () => {
    const shown = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    const real = readPage('tools/local-cluster/objects.yaml')
      .split('\n---\n')
      .map((text) => parse(text))
      .find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'chandlery-impersonate');
    expect(shown.metadata).toEqual(real.metadata);
    expect(real.rules).toEqual(expect.arrayContaining(shown.rules));
  });
});
