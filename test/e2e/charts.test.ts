import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ListingProblem, TemplateSummary } from '../../src/domain/registry.ts';
import { templateDetailSchema } from '../../src/domain/registry-schemas.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { type ChartRepository, createChartRepository } from '../support/chart-repository.ts';
import { moduleCharts } from '../support/module-charts.ts';
import { type ServedCharts, serveCharts } from '../support/served-charts.ts';

/** Charts that other people wrote, packed and indexed by real Helm, from the modules whose programs this project builds. */

/** Helm processes and installs at the same time. */
const CONCURRENCY = 2;

let charts: ChartRepository;
let served: ServedCharts;
let found: Awaited<ReturnType<typeof moduleCharts>>;
/** Charts that Helm itself does not pack, and its reason. */
const skipped: string[] = [];

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

beforeAll(async () => {
  charts = await createChartRepository({ name: 'ours', version: '1.0.0', values: 'replicas: 1\n' });
  found = await moduleCharts();
  await each(
    found.flatMap(({ directories }) => directories),
    async (directory) => {
      await charts.pack(directory).catch((error: { stderr?: string }) => {
        const reason = (error.stderr ?? '').trim().split('\n').at(-1) ?? '';
        skipped.push(`${directory.split('@').at(-1)}: ${reason}`);
      });
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
    const modules = found.map(({ module, directories }) => `${module} ${directories.length}`).join(', ');
    const refused = problems.map(({ subject, message }) => `${subject}: ${message}`);
    console.log(
      [
        `charts: ${templates.length} listed, ${shown} shown, ${installed} installed, ${failures.length} failures of ours`,
        `found in ${modules}`,
        `${skipped.length} that Helm does not pack:`,
        ...skipped,
        `${refused.length} that cannot be listed:`,
        ...refused,
      ].join('\n'),
    );
    expect(failures).toEqual([]);
    expect(shown).toBe(templates.length);
    expect(installed).toBe(templates.length);
    expect(templates.length).toBeGreaterThan(0);
    // Names and versions that a template cannot have are the only reasons.
    expect(refused.filter((line) => !/not the name of a template|not a semantic version/.test(line))).toEqual([]);
  }, 240_000);
});
