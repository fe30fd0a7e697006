import type { ParameterSchema } from '../domain/parameters/index.ts';
import type { TemplateReference } from '../domain/reference.ts';
import { parseReference } from '../domain/reference.ts';
import type { TemplateDetail } from '../domain/registry.ts';
import { exactVersion, fits, selectVersions } from '../domain/versions.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import type { HttpClient } from './http.ts';

/** The version of a registry's template that a reference means. Fails with a CliError. */
export async function findTemplate(
  client: Pick<HttpClient, 'template'>,
  { registry, name, range }: TemplateReference,
): Promise<TemplateDetail> {
  const where = registry === undefined ? {} : { registry };
  const exact = exactVersion(range);
  if (exact !== undefined) return client.template(name, { ...where, version: exact });
  const newest = await client.template(name, where);
  if (range === undefined) return newest;
  const [fitting] = selectVersions(newest.versions, range);
  if (fitting === undefined) throw noVersion(name, range, newest.versions);
  return fitting === newest.version ? newest : client.template(name, { ...where, version: fitting });
}

/** The same as a deploy in this namespace sees it: what is installed there comes first. */
export async function templateFor(
  client: Pick<HttpClient, 'template' | 'installed'>,
  namespace: string,
  ref: string,
): Promise<TemplateDetail> {
  const reference = parseReference(ref);
  const installed = await client.installed(namespace, reference.name).catch((error: unknown) => {
    if (error instanceof CliError && error.trouble.exitCode === EXIT.notFound) return undefined;
    throw error;
  });
  const means =
    installed !== undefined &&
    (reference.registry === undefined || reference.registry === installed.registry) &&
    fits(installed.version, reference.range);
  return findTemplate(client, means ? { ...reference, registry: installed.registry, range: installed.version } : reference);
}

/** Parameters of what a new deployment is made of: those of the template, or of the built-in one that runs an image. Fails with a CliError. */
export async function parametersOf(
  client: Pick<HttpClient, 'template' | 'installed'>,
  namespace: string,
  { ref, image }: { ref?: string; image?: string },
): Promise<ParameterSchema> {
  const { manifest } = await templateFor(client, namespace, ref ?? (image === undefined ? '' : 'local/web-app'));
  return manifest.spec.parameters;
}

function noVersion(name: string, range: string, versions: readonly string[]): CliError {
  return new CliError({
    message: `no version of ${name} fits ${range}`,
    code: 'version_not_found',
    exitCode: EXIT.notFound,
    alternatives: versions.slice(0, 5),
  });
}
