import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../stage.ts';
import type { RegistriesSet } from './set.ts';
import { registriesNow, searched } from './set.ts';

const KINDS = ['chandlery', 'helm', 'oci', 'git', 'helmdeck', 'ark'] as const;
const NAMESPACE = 'demo';
const WORD = 'redis';
const MISTYPED = 'promethues';
const MEANT = 'prometheus';
/** References of three kinds, none of them the dead one's. */
const INSTALLS = ['charts/redis-cluster', 'images/redis-exporter', 'team/redis-backup'];
/** Registries are first listed in the background, milliseconds. */
const LISTED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

export async function showRegistries(stage: Stage, set: RegistriesSet): Promise<void> {
  stage.chapter('Six registries, each of another kind');
  const until = Date.now() + LISTED_WITHIN_MS;
  do {
    await sleep(LOOK_EVERY_MS);
    set.report.registries = await registriesNow(set);
  } while (set.report.registries.some(({ templates }) => templates === 0) && Date.now() < until);
  for (const { name, kind, status, templates, credential, part } of set.report.registries)
    stage.detail(
      `${kind.padEnd(10)} ${name.padEnd(8)} ${status}, ${templates} ${templates === 1 ? 'template' : 'templates'}, credential ${credential}: ${part}`,
    );
  stage.claim(
    KINDS.every((kind) => set.report.registries.some((one) => one.kind === kind && one.templates > 0)),
    'every kind is there and lists something',
  );
}

/** `freshMs`: how long the API counts a listing as fresh. */
export async function killOne(stage: Stage, set: RegistriesSet, freshMs: number): Promise<void> {
  const { registry, child } = set.parts.samples;
  stage.chapter(`Killing one of them: ${registry.name}, kind chandlery, pid ${child.pid}`);
  const { signal } = await child.kill();
  set.report.killed = { registry: registry.name, kind: 'chandlery', pid: child.pid, signal: signal ?? '' };
  stage.claim(signal === 'SIGKILL', `${registry.name} is gone (${signal})`);
  stage.detail(`a listing is fresh for ${freshMs / 1_000} s here (15 minutes by default): its own is let grow old`);
  await sleep(freshMs);
}

export async function searchAll(stage: Stage, set: RegistriesSet): Promise<void> {
  const dead = set.parts.samples.registry.name;
  stage.chapter(`One search over all six for "${WORD}", with ${dead} dead`);
  const search = await searched(stage, set, WORD);
  set.report.search = search;
  stage.claim(search.status === 200 && search.partial, 'the answer is a page that says it is partial, not an error');
  stage.claim(
    KINDS.every((kind) => search.hits.some((hit) => hit.kind === kind)),
    'every kind has its hit, and each hit names its registry',
  );
  stage.claim(
    search.errors.length === 1 && search.errors[0]?.registry === dead,
    `${dead}, and only ${dead}, is told as not answering`,
  );
  const [old] = search.stale.filter(({ registry }) => registry === dead);
  stage.claim(
    old !== undefined && old.ageSeconds > 0 && search.hits.some(({ registry }) => registry === dead),
    `what ${dead} offered is still found, and how old that is is said (${old?.ageSeconds} s)`,
  );
}

export async function searchMistyped(stage: Stage, set: RegistriesSet): Promise<void> {
  stage.chapter(`The same for a word that is mistyped: "${MISTYPED}"`);
  const search = await searched(stage, set, MISTYPED);
  set.report.typo = search;
  stage.claim(
    search.hits.some(({ name }) => name === MEANT),
    `${MEANT} is found`,
  );
}

export async function showChart(stage: Stage, set: RegistriesSet): Promise<void> {
  const [ref = ''] = INSTALLS;
  const [registry, name] = ref.split('/');
  stage.chapter(`What ${ref} can be given: its chart has no schema, so its values were read`);
  const { body } = await set.client.get(`/api/v1/templates/${name}?registry=${registry}`);
  const parameters = parametersOf(body.manifest?.spec?.parameters);
  for (const [parameter, words] of parameters) stage.detail(`${parameter.padEnd(20)} ${words}`);
  set.report.shown = { ref, parametersFrom: body.parametersFrom ?? '', parameters: parameters.map(([parameter]) => parameter) };
  stage.claim(
    body.parametersFrom === 'inferred' && parameters.some(([parameter]) => parameter === 'persistence.size'),
    'its parameters are inferred, and marked so',
  );
}

interface ParameterSchema {
  type?: string | string[];
  default?: unknown;
  description?: string;
  properties?: Record<string, ParameterSchema>;
}

/** Name and words of each parameter that holds no others. */
function parametersOf({ properties = {} }: ParameterSchema = {}, above = ''): Array<[name: string, words: string]> {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const { type = 'any', default: standard, description = '' } = schema;
    if (schema.properties) return parametersOf(schema, `${above}${name}.`);
    return [[`${above}${name}`, `${[type].flat().join(' or ')}, default ${JSON.stringify(standard)}. ${description}`]];
  });
}

export async function installThree(stage: Stage, set: RegistriesSet): Promise<void> {
  const { client, report, parts } = set;
  const dead = parts.samples.registry.name;
  for (const ref of INSTALLS) {
    const [registry = '', name = ''] = ref.split('/');
    const kind = report.registries.find((one) => one.name === registry)?.kind ?? '';
    stage.chapter(`Installing ${ref} (kind ${kind}) while ${dead} is dead`);
    const operation = await client.install(NAMESPACE, ref);
    const { state } = await stage.follow(client, operation);
    const { body } = await client.get(`/api/v1/installs?namespace=${NAMESPACE}`);
    const install = body.installs.find((one: { name: string }) => one.name === name) ?? {};
    const { version = '', digest = '' } = install;
    report.installs.push({ kind, ref, version, digest, operation, state });
    stage.detail(`installed: ${name} ${version} from ${install.registry}, ${digest}`);
    stage.claim(state === 'succeeded' && install.registry === registry && digest !== '', `${name} is installed from ${registry}`);
  }
  const now = (await registriesNow(set)).find(({ name }) => name === dead);
  stage.claim(now?.status === 'stale', `${dead} is dead all the while (its status is ${now?.status})`);
}

export async function bringBack(stage: Stage, set: RegistriesSet): Promise<void> {
  const { client, parts, report } = set;
  const { name } = parts.samples.registry;
  stage.chapter(`Starting ${name} again, on the same port`);
  const { pid } = await parts.samples.restart();
  const startedAt = performance.now();
  const { status, body } = await client.call('POST', `/api/v1/registries/${name}/refresh`);
  stage.detail(`pid ${pid}; asked to read it again: ${status}, ${body.state}`);
  const { body: view } = await client.get(`/api/v1/registries/${name}`);
  const search = await searched(stage, set, WORD);
  const [old] = search.stale.filter(({ registry }) => registry === name);
  const sinceSeconds = Math.ceil((performance.now() - startedAt) / 1_000);
  report.back = { pid, status: view.status, ageSeconds: view.ageSeconds, search };
  report.registries = await registriesNow(set);
  stage.claim(view.status === 'ok', `${name} is ok again, its listing is ${view.ageSeconds} s old`);
  stage.claim(
    // On a busy machine it may be past its seconds again when the page is made; it was read since all the same.
    !search.partial && search.errors.length === 0 && (old === undefined || old.ageSeconds <= sinceSeconds),
    `the search is complete again, and what ${name} lists is not from before`,
  );
}
