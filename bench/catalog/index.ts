import type { Cleanup } from '../cleanup.ts';
import { describeLoad, describeParts } from '../environment.ts';
import type { Reporter } from '../reporter.ts';
import { measureFederation } from './federation.ts';
import { measureHelmIndex } from './helm-index.ts';
import { openLateStage } from './late-stage.ts';
import { describeStoreSearch, measureHttpSearch, measureRefresh } from './search.ts';
import { openCatalogStage } from './stage.ts';

/** The figures of the catalog: 50,000 templates of five registries searched as one, and registries that have to be asked first. */
export async function runCatalog(report: Reporter): Promise<void> {
  await report.group(
    ['catalog-search-p50', 'catalog-search-p99', 'catalog-at-once', 'catalog-memory', 'catalog-refresh'],
    (cleanup) => onStage(report, cleanup),
  );
  await report.group(['helm-index-pause', 'unchanged-refresh', 'federation-20', 'federation-first'], (cleanup) =>
    onLateStage(report, cleanup),
  );
}

async function onStage(report: Reporter, cleanup: Cleanup): Promise<void> {
  const stage = await openCatalogStage(cleanup, (line) => report.note(line));
  for (const line of await describeParts(stage.lab.engine)) report.note(line);
  report.note(`${stage.entries} templates loaded in ${stage.loadedMs.toFixed(0)} ms, ${describeLoad()}`);
  const { figures, notes } = await measureHttpSearch(stage);
  for (const figure of figures) report.figure(figure);
  for (const note of [...notes, ...(await describeStoreSearch(stage))]) report.note(note);
  report.figure(await measureRefresh(stage));
}

async function onLateStage(report: Reporter, cleanup: Cleanup): Promise<void> {
  const stage = await openLateStage(cleanup);
  for (const measure of [measureHelmIndex, measureFederation]) {
    const { figures, notes } = await measure(stage);
    for (const figure of figures) report.figure(figure);
    for (const note of notes) report.note(note);
  }
}
