import type { TemplateMetrics } from '../domain/template-metrics.ts';
import { oneLine } from './text.ts';

/** What was counted of a template, line by line. */
export function metricsText({ name, registry, searches, downloads, installs, validations, errors }: TemplateMetrics): string {
  const { total, succeeded, failed, cancelled, successRate } = installs;
  const rate = successRate === undefined ? '' : `; ${Math.round(successRate * 100)} % succeed`;
  const facts: Array<[string, string]> = [
    ['template', registry === undefined ? name : `${registry}/${name}`],
    ['searches', String(searches)],
    ['downloads', String(downloads)],
    ['installs', `${total}: ${succeeded} succeeded, ${failed} failed, ${cancelled} cancelled${rate}`],
    ['validations', countsText(validations)],
    ['errors', countsText(errors)],
  ];
  return facts.flatMap(([label, value]) => (value === '' ? [] : [`${label.padEnd(13)}${oneLine(value)}`])).join('\n');
}

function countsText(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');
}
