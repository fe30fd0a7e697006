import { beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster, sharedCluster, type TestCluster } from '../support/cluster.ts';
describeCluster('second', () => {
  let cluster: TestCluster;
  beforeAll(async () => { cluster = await sharedCluster(); }, CLUSTER_TIMEOUT_MS);
  it('shares', async () => { console.log(cluster.directory, cluster.server); expect(await cluster.namespace('bob')).toMatch(/^test-/); });
});
