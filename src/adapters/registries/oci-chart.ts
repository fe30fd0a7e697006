import { chartDependencies } from '../../domain/foreign/chart-dependencies.ts';
import { chartKubernetes, chartMetadata } from '../../domain/foreign/chart-metadata.ts';
import { isJsonObject } from '../../domain/foreign/json.ts';
import { parseJson } from '../http/body.ts';
import type { Descriptor, ImageManifest } from '../oci/documents.ts';
import { type ArtifactContent, invalidArtifact, type ReadContext } from './oci-content.ts';

/** Charts as `helm push` writes them: the config is Chart.yaml as JSON, one layer is the archive, another may be its provenance. */

export const CHART_CONFIG = 'application/vnd.cncf.helm.config.v1+json';
const CHART_LAYERS = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'application/tar+gzip'];
/** Bytes; Helm's own Chart.yaml files are a few KiB, with Artifact Hub's annotations some tens. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** The layer that is the chart's archive. Fails with registry_invalid without exactly one. */
export function chartLayer(context: ReadContext, image: ImageManifest): Descriptor {
  const layers = image.layers.filter(({ mediaType }) => CHART_LAYERS.includes(mediaType));
  const [layer] = layers;
  if (layer && layers.length === 1) return layer;
  throw invalidArtifact(context, `a chart has one layer of type ${CHART_LAYERS[0]}, this one has ${layers.length}`);
}

/** What the config blob tells of a chart. Its parameters are in the archive only. */
export async function readChartConfig(context: ReadContext, image: ImageManifest): Promise<ArtifactContent> {
  const { client, candidate, registry, tag, signal } = context;
  const layer = chartLayer(context, image);
  const bytes = await client.readBlob(candidate.repository, image.config, MAX_CONFIG_BYTES, signal);
  const chart = parseJson(bytes, { url: `${context.host}/${candidate.repository}:${tag.tag}`, registry });
  if (!isJsonObject(chart)) throw invalidArtifact(context, "the chart's config is not a map");
  const written = typeof chart.version === 'string' ? chart.version.replace(/^v/, '') : '';
  if (written !== tag.version)
    throw invalidArtifact(
      context,
      `the chart calls itself version ${JSON.stringify(written.slice(0, 100))}, which is not the tag's`,
    );
  const kubernetes = chartKubernetes(chart);
  // `helm push` takes archives only, and `helm package` packs every dependency or fails.
  const { packed: dependencies } = chartDependencies(chart.dependencies, () => true);
  return {
    source: { kind: 'layer', layer },
    manifest: {
      apiVersion: 'chandlery.dev/v1',
      kind: 'Template',
      metadata: { name: candidate.name, version: tag.version, ...chartMetadata(chart) },
      spec: {
        type: 'helm',
        content: { chart: typeof chart.name === 'string' && chart.name !== '' ? chart.name : candidate.name },
        ...(kubernetes === undefined ? {} : { requires: { kubernetes } }),
      },
    },
    dependencies,
    ...(chart.deprecated === true ? { deprecated: true } : {}),
  };
}
