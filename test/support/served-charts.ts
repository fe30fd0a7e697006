import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createHelmRegistry } from '../../src/adapters/registries/helm.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import { type ActivityLab, openActivityLab } from './activity-lab.ts';
import { type ChartRepository, serveFiles } from './chart-repository.ts';

/** A folder of charts behind a web server, the Helm registry `charts` over it, and the steps of an install from there. */
export interface ServedCharts {
  registry: RegistryPlugin;
  lab: ActivityLab;
  /** The folder goes with it. */
  close(): Promise<void>;
}

/** `altered`: what the registry says instead of what it has read. */
export async function serveCharts(
  charts: ChartRepository,
  altered: (helm: RegistryPlugin) => RegistryPlugin = (helm) => helm,
): Promise<ServedCharts> {
  const files = await serveFiles(charts.dir);
  const client = createGuardedClient({ development: true, allow: [] });
  const registry = altered(createHelmRegistry({ name: 'charts', kind: 'helm', type: 'community', url: files.url }, client));
  const lab = await openActivityLab(registry);
  return {
    registry,
    lab,
    async close() {
      await lab.close();
      await client.close();
      await files.close();
      await charts.remove();
    },
  };
}
