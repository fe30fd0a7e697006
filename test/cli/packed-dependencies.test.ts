import { describe, expect, it } from '@jest/globals';
import picocolors from 'picocolors';
import { summaryOfDetail } from '../../src/cli/template-summary.ts';
import { templateText } from '../../src/cli/template-text.ts';
import type { TemplateDetail } from '../../src/domain/registry.ts';

const metadata = { name: 'web', version: '1.0.0', description: 'A chart.' };
const detail: TemplateDetail = {
  ...metadata,
  tags: [],
  type: 'helm',
  registry: 'repo',
  registryType: 'private',
  manifest: {
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata,
    spec: { type: 'helm', content: { chart: 'web' }, dependencies: [{ name: 'cache', version: '~7.2', registry: 'stable' }] },
  },
  versions: ['1.0.0'],
  size: 0,
  packedDependencies: [{ name: 'common', version: '2.x.x', optional: true, bundled: true }],
};

describe('the dependencies of a chart that is shown', () => {
  it('are those installed beside it, and those packed in it, marked so', () => {
    const summary = summaryOfDetail(detail);
    expect(summary.dependencies).toEqual([
      { name: 'cache', version: '~7.2', registry: 'stable' },
      { name: 'common', version: '2.x.x', optional: true, bundled: true },
    ]);
    const text = templateText(summary, { colors: picocolors.createColors(false) });
    expect(text).toMatch(/^dependencies\n +NAME .*\n +cache +~7\.2 +stable +-\n +common +2\.x\.x +- +packed in it, optional$/m);
  });

  it('are those of the manifest where nothing is packed', () => {
    const { packedDependencies: _packed, ...plain } = detail;
    expect(summaryOfDetail(plain).dependencies).toEqual([{ name: 'cache', version: '~7.2', registry: 'stable' }]);
  });
});
