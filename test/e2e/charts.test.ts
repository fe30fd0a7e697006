import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ListingProblem, TemplateSummary } from '../../src/domain/registry.ts';
import { templateDetailSchema } from '../../src/domain/registry-schemas.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { type ChartRepository, createChartRepository } from '../support/chart-repository.ts';
import { type ModuleCharts, moduleCharts } from '../support/module-charts.ts';
import { type ServedCharts, serveCharts } from '../support/served-charts.ts';

/** Charts that other people wrote, packed and indexed by real Helm, from the modules whose programs this project builds. */

/** Helm processes and installs at the same time. */
const CONCURRENCY = 2;
/** Charts of each module that are packed and listed at least. Some of Helm's have the same name and version: the last one packed stays. */
const LEAST = { 'sigs.k8s.io/kwok': 3, 'helm.sh/helm/v4': 35 } as const;
/** Below Helm's module: charts that are wrong on purpose, and those of a format that Helm 4 itself does not pack yet. */
const NOT_PACKED = [
  /^internal\/chart\/v3\//,
  /^pkg\/chart\/v2\/lint\/rules\/testdata\/(anotherbadchartfile|badchartfile|badchartname|badvaluesfile)$/,
  /^pkg\/chart\/v2\/util\/testdata\/(dotdotname|dotname|slashinname)$/,
  /^pkg\/cmd\/testdata\/testcharts\/(chart-bad-requirements|chart-bad-type|chart-missing-deps|chart-with-bad-subcharts|issue-7233|lib-chart)$/,
];

let charts: ChartRepository;
let served: ServedCharts;
let found: ModuleCharts[];
/** Archives that were packed, by module. */
const packed = new Map<string, Set<string>>();
/** Charts that Helm itself does not pack, and its reason. */
const skipped: Array<{ path: string; reason: string }> = [];

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

beforeAll(async () => {
  charts = await createChartRepository();
  found = await moduleCharts();
  await each(
    found.flatMap(({ module, root, paths }) => paths.map((path) => ({ module, root, path }))),
    async ({ module, root, path }) => {
      try {
        const archive = await charts.pack(join(root, path));
        packed.set(module, (packed.get(module) ?? new Set()).add(archive));
      } catch (error) {
        const { stderr = String(error) } = error as { stderr?: string };
        skipped.push({ path, reason: stderr.trim().split('\n').at(-1) ?? '' });
      }
    },
  );
  await charts.index();
  served = await serveCharts(charts);
}, 300_000);
afterAll(async () => {
  await served?.close();
}, 60_000);

describe('charts of the modules this project builds from', () => {
  it('are all listed, shown with parameters and installed', async () => {
    const { registry, lab } = served;
    const problems: ListingProblem[] = [];
    const templates: TemplateSummary[] = [];
    const listing = await registry.list({ onProblem: (problem) => problems.push(problem) });
    if (!listing.unchanged) for await (const batch of listing.templates) templates.push(...batch);
    const failures: string[] = [];
    let shown = 0;
    let installed = 0;
    await each(templates, async ({ name, version }) => {
      try {
        const detail = await registry.getTemplate(name);
        templateDetailSchema.parse(detail);
        parseTemplate(JSON.stringify(detail.manifest));
        if (detail.parametersFrom !== undefined && detail.manifest.spec.parameters !== undefined) shown += 1;
        const { record } = await lab.install('charts', name);
        if (record.version === version && record.manifest.spec.type === 'helm') installed += 1;
      } catch (error) {
        failures.push(`${name}@${version}: ${String(error)}`);
      }
    });
    const listedOf = (module: string) =>
      templates.filter(({ name, version }) => packed.get(module)?.has(`${name}-${version}.tgz`)).length;
    const modules = found.map(({ module, paths }) => `${module} ${paths.length} (${listedOf(module)} listed)`).join(', ');
    const refused = problems.map(({ subject, message }) => `${subject}: ${message}`);
    console.log(
      [
        `charts: ${templates.length} listed, ${shown} shown, ${installed} installed, ${failures.length} failures of ours`,
        `found in ${modules}`,
        `${skipped.length} that Helm does not pack:`,
        ...skipped.map(({ path, reason }) => `${path}: ${reason}`),
        `${refused.length} that cannot be listed:`,
        ...refused,
      ].join('\n'),
    );
    expect(failures).toEqual([]);
    expect(shown).toBe(templates.length);
    expect(installed).toBe(templates.length);
    for (const [module, least] of Object.entries(LEAST)) expect([module, listedOf(module) >= least]).toEqual([module, true]);
    expect(skipped.filter(({ path }) => !NOT_PACKED.some((known) => known.test(path)))).toEqual([]);
    // Names and versions that a template cannot have are the only reasons.
    expect(refused.filter((line) => !/not the name of a template|not a semantic version/.test(line))).toEqual([]);
  }, 240_000);
});
