import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type ArkSources, openArkSources } from '../support/ark-lab.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import { DOCUMENT } from '../support/source-server.ts';
import { readPage, sectionOf } from './support/pages.ts';

/** The ConfigMap of docs/namespace-sources.md, put into a real cluster as the page has it: its sources are listed and read. */

const section = sectionOf(readPage('docs/namespace-sources.md'), '## How they are kept');
const SAMPLE = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';

describeCluster('the sample of docs/namespace-sources.md', () => {
  let lab: ArkSources;
  beforeAll(async () => {
    lab = await openArkSources();
  }, CLUSTER_TIMEOUT_MS);
  afterAll(async () => await lab?.close());

  it('is a list of sources that can be read', async () => {
    const { server, namespace, ann, cluster } = lab;
    const swap = {
      'team-a': namespace,
      'https://raw.githubusercontent.com/mckinsey/agents-at-scale-marketplace/main/marketplace.json': `${server.url}/good`,
      'https://internal.example.com/marketplace.json': `${server.url}/good?internal`,
    };
    const manifest = Object.entries(swap).reduce((text, [from, to]) => {
      expect(text).toContain(from);
      return text.replaceAll(from, to);
    }, SAMPLE);
    await cluster.api.expect('POST', `/api/v1/namespaces/${namespace}/configmaps`, parse(manifest));

    const base = `/api/v1/namespaces/${namespace}`;
    expect((await ann.get(`${base}/marketplace-sources`)).body).toEqual([
      { name: 'agents-at-scale-marketplace', url: `${server.url}/good`, displayName: 'Ark Marketplace' },
      { name: 'internal-mirror', url: `${server.url}/good?internal`, displayName: null },
    ]);
    const { items } = JSON.parse(DOCUMENT);
    expect((await ann.get(`${base}/marketplace-items`)).body).toEqual([
      { source: 'agents-at-scale-marketplace', displayName: 'Ark Marketplace', items },
      { source: 'internal-mirror', displayName: 'internal-mirror', items },
    ]);
  });
});
