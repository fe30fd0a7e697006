import type { Maintainer, TemplateMetadata } from '../template.ts';
import { coerceRange } from './chart-range.ts';
import { isJsonObject, type Json } from './json.ts';

/** What Chart.yaml says about a chart, as the metadata of a template; the same for a chart's archive and for its entry in an index. */

/** The limits of template.schema.json; what does not fit is cut or left out, because a chart's author never heard of them. */
const LIMITS = Object.freeze({
  description: 2000,
  tags: 30,
  tag: 50,
  maintainers: 50,
  text: 200,
  url: 2000,
  label: 63,
  range: 128,
});

/** Tag of library charts: they are listed so that people find them, and say by it that nothing of them runs. */
const LIBRARY_TAG = 'helm-library';

const SPDX_ID = '\\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\\)*';
const LICENSE = new RegExp(`^${SPDX_ID}( (AND|OR|WITH) ${SPDX_ID})*$`);
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i;
/** Characters of RFC 3986 without brackets, every percent sign an escape, at most one fragment. */
const PLAIN_URL =
  /^https?:\/\/(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+(?:#(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?$/;

/** Everything but the identity, which is not the chart's to choose (a source may list it under another name). */
export type ChartMetadata = Omit<TemplateMetadata, 'name' | 'version'>;

/** The metadata of a chart. Members that a template could not have are left out, never an error. */
export function chartMetadata(chart: Json): ChartMetadata {
  const { license, category } = annotated(chart);
  const tags = tagsOf(chart);
  const maintainers = maintainersOf(chart.maintainers);
  const icon = urlOf(chart.icon);
  const homepage = urlOf(chart.home);
  return {
    description: textOf(chart.description, LIMITS.description) ?? defaultDescription(chart),
    ...(license === undefined ? {} : { license }),
    ...(category === undefined ? {} : { category }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(maintainers.length === 0 ? {} : { maintainers }),
    ...(icon === undefined ? {} : { icon }),
    ...(homepage === undefined ? {} : { homepage }),
  };
}

/** The range of Kubernetes versions a chart is for; undefined without one, or with one that our ranges cannot say. */
export function chartKubernetes(chart: Json): string | undefined {
  const range = typeof chart.kubeVersion === 'string' ? coerceRange(chart.kubeVersion) : undefined;
  return range !== undefined && range.length <= LIMITS.range ? range : undefined;
}

export function isLibraryChart(chart: Json): boolean {
  return chart.type === 'library';
}

function defaultDescription({ name }: Json): string {
  return typeof name === 'string' && name !== '' ? `The Helm chart ${name.slice(0, LIMITS.text)}.` : 'A Helm chart.';
}

function textOf(value: unknown, length: number): string | undefined {
  const text = typeof value === 'string' ? value.trim().slice(0, length).trim() : '';
  return text === '' ? undefined : text;
}

/** Licence and category have no field of their own; Artifact Hub's annotations are what charts use, the others are older. */
const ANNOTATIONS = ['artifacthub.io/license', 'licenses', 'artifacthub.io/category', 'category'];

/** The annotations that anything is read from; others can be long. */
export function knownAnnotations(annotations: unknown): Json {
  return isJsonObject(annotations) ? Object.fromEntries(ANNOTATIONS.map((key) => [key, annotations[key]])) : {};
}

function annotated({ annotations }: Json): { license?: string; category?: string } {
  if (!isJsonObject(annotations)) return {};
  const license = textOf(annotations['artifacthub.io/license'] ?? annotations.licenses, LIMITS.text);
  const words = textOf(annotations['artifacthub.io/category'] ?? annotations.category, LIMITS.label);
  const category = words
    ?.toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return {
    ...(license !== undefined && LICENSE.test(license) ? { license } : {}),
    ...(category !== undefined && LABEL.test(category) ? { category } : {}),
  };
}

function tagsOf(chart: Json): string[] {
  const keywords: unknown[] = Array.isArray(chart.keywords) ? chart.keywords : [];
  const words = keywords.flatMap((word) => textOf(word, LIMITS.tag) ?? []);
  const marked = isLibraryChart(chart) ? [LIBRARY_TAG, ...words] : words;
  return [...new Set(marked)].slice(0, LIMITS.tags);
}

function maintainersOf(value: unknown): Maintainer[] {
  const list: unknown[] = Array.isArray(value) ? value.slice(0, LIMITS.maintainers) : [];
  return list.flatMap((item): Maintainer[] => {
    const name = isJsonObject(item) ? textOf(item.name, LIMITS.text) : undefined;
    if (name === undefined || !isJsonObject(item)) return [];
    const email = textOf(item.email, LIMITS.text);
    const url = urlOf(item.url);
    return [
      {
        name,
        ...(email !== undefined && EMAIL.test(email) ? { email } : {}),
        ...(url === undefined ? {} : { url }),
      },
    ];
  });
}

/** Only the web: what a page links to or shows must not be a script or a file of the reader's machine. */
function urlOf(value: unknown): string | undefined {
  const text = textOf(value, LIMITS.url + 1);
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { href } = new URL(text);
  return href.length <= LIMITS.url && PLAIN_URL.test(href) ? href : undefined;
}
