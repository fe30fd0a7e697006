import type {
  CatalogTemplate,
  CatalogPage as Page,
  RegistryDetail,
  RegistryHealth,
  RegistryRefresh,
  RegistryTest,
  RegistryView,
} from '../domain/catalog-views.ts';
import type { JsonCall } from './http-deployments.ts';

/** The API's catalog and registries as the CLI uses them. Every method fails with a CliError. */

/** Members that an older server does not tell are absent. */
export interface CatalogPage extends Omit<Page, 'stale' | 'templates'> {
  templates: Array<Page['templates'][number] & { installed?: string }>;
  stale?: Page['stale'];
}

export interface SearchQuery {
  [name: string]: string | number | string[] | undefined;
}

const registryPath = (name: string) => `api/v1/registries/${encodeURIComponent(name)}`;

export function catalogCalls(json: JsonCall) {
  return {
    search: (query: SearchQuery) => json<CatalogPage>('templates', { path: 'api/v1/search', query }),
    template: (name: string, query: { version?: string; registry?: string }) =>
      json<CatalogTemplate>('manifest', { path: `api/v1/templates/${encodeURIComponent(name)}`, query }),
    categories: () => json<{ categories: Array<{ name: string; count: number }> }>('categories', { path: 'api/v1/categories' }),
    registries: () => json<{ registries: RegistryView[] }>('registries', { path: 'api/v1/registries' }),
    registry: (name: string) => json<RegistryDetail>('status', { path: registryPath(name) }),
    registryHealth: (name: string) => json<RegistryHealth>('figures', { path: `${registryPath(name)}/health` }),
    testRegistry: (name: string) => json<RegistryTest>('outcome', { method: 'POST', path: `${registryPath(name)}/test` }),
    refreshRegistry: (name: string) => json<RegistryRefresh>('state', { method: 'POST', path: `${registryPath(name)}/refresh` }),
  };
}
