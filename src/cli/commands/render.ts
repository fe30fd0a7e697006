import { type Command, Option } from 'commander';
import type { KubeObject } from '../../domain/cluster.ts';
import { LOCAL_CLUSTER } from '../../domain/operation.ts';
import { secretParameters, splitParameters } from '../../domain/parameters/index.ts';
import { renderTemplate } from '../../domain/render/index.ts';
import { TOKEN_END, TOKEN_START } from '../../domain/render/secret-tokens.ts';
import type { TemplateManifest } from '../../domain/template.ts';
import { isTemplateDirectory } from '../directory-argument.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { type ParameterOptions, readParameters, withParameters } from '../parameters.ts';
import { readSettings } from '../settings.ts';
import { contentOfDirectory } from '../template-content.ts';
import { checkDirectory, issueLine } from '../template-directory.ts';
import { templateFor } from '../template-lookup.ts';
import { note, print } from '../terminal.ts';
import { oneLine } from '../text.ts';

const FORMATS = ['yaml', 'json', 'name'] as const;

interface RenderOptions extends ParameterOptions {
  output: (typeof FORMATS)[number];
  namespace: string;
  name?: string;
}

export function render(command: Command): void {
  withParameters(command)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('yaml'))
    .argument('<template>', 'a directory that holds a template.yaml, or [REGISTRY/]NAME[@RANGE]')
    .option('-n, --namespace <namespace>', 'namespace of the deployment', 'default')
    .option('--name <name>', "name of the deployment (default: the template's)")
    .action(run);
  withExample(command, 'chandlery render ./redis/7.2.5 -p storage=10Gi');
}

async function run(argument: string, options: RenderOptions): Promise<void> {
  const { namespace, output } = options;
  const { manifest, files } = (await isTemplateDirectory(argument))
    ? await ofDirectory(argument)
    : await ofRegistry(argument, namespace);
  const schema = manifest.spec.parameters;
  const { parameters, secrets } = await readParameters(options, async () => schema);
  const apart = splitParameters(schema, { ...parameters, ...secrets });
  const rendered = renderTemplate({
    manifest,
    files,
    deployment: { cluster: LOCAL_CLUSTER, namespace, name: options.name ?? manifest.metadata.name },
    parameters: apart.plain,
    secretNames: [...new Set([...Object.keys(apart.secret), ...requiredSecrets(schema)])],
  });
  for (const warning of rendered.warnings) note(`warning: ${oneLine(warning)}`);
  print(
    await textOf(
      rendered.objects.map(({ object }) => withoutTokens(object) as KubeObject),
      output,
    ),
  );
}

/** Their values are not needed to see what is rendered: only that there will be one. */
function requiredSecrets(schema: TemplateManifest['spec']['parameters']): string[] {
  const required = Array.isArray(schema?.required) ? schema.required : [];
  return secretParameters(schema).filter((name) => required.includes(name));
}

async function ofDirectory(dir: string) {
  const { manifest, issues } = await checkDirectory(dir);
  if (manifest && issues.length === 0) return { manifest, files: await contentOfDirectory(dir, manifest) };
  throw new CliError({
    message: issues.slice(0, 1).map(issueLine).join(''),
    code: 'template_invalid',
    exitCode: EXIT.failed,
    guidance: `See every place with \`chandlery validate ${dir}\`.`,
  });
}

/** A registry tells the manifest; the files of other types come only with the archive. */
async function ofRegistry(ref: string, namespace: string) {
  const { manifest } = await templateFor(createHttpClient(readSettings()), namespace, ref);
  if (manifest.spec.type !== 'manifests') return { manifest, files: new Map<string, string>() };
  throw new CliError({
    message: `${manifest.metadata.name} is made of files that only its archive has`,
    code: 'type_unsupported',
    exitCode: EXIT.failed,
    guidance: 'Render its directory, or see what it does with `chandlery plan`.',
  });
}

const TOKEN = new RegExp(`${TOKEN_START}([^${TOKEN_END}]*)${TOKEN_END}`, 'gu');

/** Where a secret will stand, its name stands. */
function withoutTokens(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(TOKEN, '(secret $1)');
  if (Array.isArray(value)) return value.map(withoutTokens);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutTokens(member)]));
}

async function textOf(objects: KubeObject[], output: RenderOptions['output']): Promise<string> {
  if (output === 'name') return objects.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`).join('\n');
  if (output === 'json') return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2);
  const { stringify } = await import('yaml');
  return objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join('');
}
