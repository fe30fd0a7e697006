import type {
  CatalogCategories,
  CatalogTemplate,
  CatalogPage as Page,
  RegistryDetail,
  RegistryHealth,
  RegistryRefresh,
  RegistryTest,
  RegistryView,
} from '../domain/catalog-views.ts';
import type { TemplateMetrics } from '../domain/template-metrics.ts';
import type { JsonCall } from './http-deployments.ts';
import type { Call } from './transport.ts';

/** The API's catalog and registries as the CLI uses them. Every method fails with a CliError. */

/** Members that an older server does not tell are absent. */
export interface CatalogPage extends Omit<Page, 'stale' | 'templates'> {
  templates: Array<Page['templates'][number] & { installed?: string }>;
  stale?: Page['stale'];
}

/** The same of the categories. */
export type CategoryCounts = Pick<CatalogCategories, 'categories'> & Partial<CatalogCategories>;

export interface SearchQuery {
  [name: string]: string | number | string[] | undefined;
}

const registryPath = (name: string) => `api/v1/registries/${encodeURIComponent(name)}`;

/** The state that a change is meant for. */
function matching(revision: string | undefined): { headers?: Record<string, string> } {
  return revision === undefined ? {} : { headers: { 'if-match': `"${revision}"` } };
}

const tested = (test: boolean) => (test ? { query: { test: 'true' } } : {});

export function catalogCalls(json: JsonCall, text: (call: Call) => Promise<string>) {
  return {
    search: (query: SearchQuery) => json<CatalogPage>('templates', { path: 'api/v1/search', query }),
    template: (name: string, query: { version?: string; registry?: string }) =>
      json<CatalogTemplate>('manifest', { path: `api/v1/templates/${encodeURIComponent(name)}`, query }),
    templateMetrics: (name: string, query: { registry?: string }) =>
      json<TemplateMetrics>('installs', { path: `api/v1/templates/${encodeURIComponent(name)}/metrics`, query }),
    categories: () => json<CategoryCounts>('categories', { path: 'api/v1/categories' }),
    registries: () => json<{ registries: RegistryView[] }>('registries', { path: 'api/v1/registries' }),
    registry: (name: string) => json<RegistryDetail>('status', { path: registryPath(name) }),
    registryHealth: (name: string) => json<RegistryHealth>('figures', { path: `${registryPath(name)}/health` }),
    testRegistry: (name: string) => json<RegistryTest>('outcome', { method: 'POST', path: `${registryPath(name)}/test` }),
    addRegistry: (body: Record<string, unknown>, test: boolean) =>
      json<RegistryDetail>('status', { method: 'POST', path: 'api/v1/registries', body, ...tested(test) }),
    changeRegistry: (
      name: string,
      body: Record<string, unknown>,
      { revision, test }: { revision: string | undefined; test: boolean },
    ) =>
      json<RegistryDetail>('status', { method: 'PATCH', path: registryPath(name), body, ...matching(revision), ...tested(test) }),
    /** The answer has no body. */
    removeRegistry: (name: string, revision: string | undefined) =>
      text({ method: 'DELETE', path: registryPath(name), ...matching(revision) }),
    refreshRegistry: (name: string) => json<RegistryRefresh>('state', { method: 'POST', path: `${registryPath(name)}/refresh` }),
  };
}
