import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { DocumentedRegistries } from '../support/documented-registries.ts';
import { describeSshd } from '../support/git/describe-sshd.ts';
import { chartFiles, templateFiles } from '../support/git/repository.ts';
import { listAll } from '../support/listing.ts';
import { ROBOT } from '../support/oci/server.ts';
import { readPage } from './support/pages.ts';

/** What the samples of the pages say works: each is opened as a server opens it, and every registry of it is connected to and listed. */

interface Place {
  /** What of the sample's text is another thing here: hosts, addresses, and paths of this machine's root. All the rest stays. */
  swap: Record<string, string>;
  /** Values of its variables. */
  env?: Record<string, string>;
  /** By registry: how it lets us in, and what it lists. */
  lists: Record<string, [credential: string, ...templates: string[]]>;
}

const TOKEN = 'token-of-the-pages-0123456789';
const PASSWORD = 'password-of-the-pages';
const basic = `Basic ${Buffer.from(`reader:${PASSWORD}`).toString('base64')}`;
const EXAMPLE_PLUGIN = ['hello-config'] as const;

const PLACES: Record<string, (lab: DocumentedRegistries) => Promise<Place>> = {
  'README.md': async (lab) => ({
    swap: {
      '/srv/templates': await lab.folder('near'),
      'https://templates.example.org': await lab.chandlery('ours', TOKEN),
      'https://charts.example.org': await lab.helm({ name: 'open', version: '1.0.0' }),
    },
    env: { COMPANY_TOKEN: TOKEN },
    lists: { samples: ['none', 'near'], company: ['token', 'ours'], charts: ['none', 'open'] },
  }),

  'docs/registries/chandlery.md': async (lab) => ({
    swap: {
      'https://templates.company.example': await lab.chandlery('ours', TOKEN, 'company-ca.pem'),
      'https://team-registry.company.example': await lab.chandlery('teams', PASSWORD),
      '/srv/chandlery/templates': await lab.folder('near'),
    },
    env: { COMPANY_TOKEN: TOKEN, TEAM_REGISTRY_TOKEN: PASSWORD },
    lists: { company: ['token', 'ours'], team: ['basic', 'teams'], 'on-disk': ['none', 'near'] },
  }),

  'docs/registries/helm.md': async (lab) => ({
    swap: {
      'https://charts.example.org/stable': await lab.helm({ name: 'open', version: '1.0.0' }),
      'https://charts.company.example': await lab.helm({ name: 'closed', version: '1.0.0' }, basic),
    },
    env: { CHARTS_PASSWORD: PASSWORD },
    lists: { charts: ['none', 'open'], company: ['basic', 'closed'] },
  }),

  'docs/registries/oci.md': async (lab) => {
    const harbor = await lab.oci({ auth: 'basic', tls: true }, ['charts/redis', 'charts/web/nginx'], [], 'harbor-ca.pem');
    const ghcr = await lab.oci({ auth: 'basic' }, ['acme/charts/redis', 'acme/charts/other'], ['acme/cassandra/deployer']);
    lab.dockerLogin(harbor.host);
    return {
      swap: { 'harbor.company.example': harbor.host, 'oci://ghcr.io': ghcr.url },
      env: { GHCR_TOKEN: ROBOT.password },
      lists: { company: ['docker_config', 'nginx', 'redis'], ghcr: ['basic', 'cassandra', 'redis'] },
    };
  },

  'docs/registries/helmdeck.md': async (lab) => {
    const { url, file } = await lab.packs();
    return {
      swap: { 'https://github.com/acme/helmdeck-marketplace': url, 'file:///opt/helmdeck-marketplace': file },
      lists: { packs: ['none', 'cmd.dated', 'cmd.upper'], 'offline-packs': ['none', 'cmd.dated', 'cmd.upper'] },
    };
  },

  'docs/registries/ark.md': async (lab) => ({
    swap: {
      'https://raw.githubusercontent.com/mckinsey/agents-at-scale-marketplace/main': await lab.ark('phoenix'),
      'https://internal.example.com/agents': await lab.ark('langfuse', `Bearer ${TOKEN}`),
    },
    env: { INTERNAL_MARKETPLACE_TOKEN: TOKEN },
    lists: { agents: ['none', 'phoenix'], internal: ['token', 'langfuse'] },
  }),

  'docs/registries/plugin.md': async (lab) => {
    lab.plugin('plugins/portal.mjs');
    return { swap: {}, env: { PORTAL_TOKEN: TOKEN }, lists: { portal: ['token', ...EXAMPLE_PLUGIN] } };
  },

  'docs/registries/git.md': async (lab) => {
    const ssh = await lab.gitSsh(lab.repository(templateFiles('secret', 'secret', '1.0.0')));
    const teams = lab.repository({
      ...templateFiles('templates/web', 'web', '1.0.0'),
      ...templateFiles('drafts/no', 'no', '1.0.0'),
    });
    return {
      swap: {
        'https://git.example.org/platform/templates.git': await lab.gitHttp(teams, { ca: 'git-ca.pem', token: TOKEN }),
        'https://github.com/acme/charts': await lab.gitHttp(lab.repository(chartFiles('redis', 'redis', '1.0.0'), 'stable')),
        'git@git.example.org:platform/private.git': ssh.url,
        '/etc/chandlery/deploy-key': ssh.key,
        '/etc/chandlery/known_hosts': ssh.knownHosts,
        'file:///srv/git/templates.git': lab.repository(templateFiles('near', 'near', '1.0.0')).url,
      },
      env: { GIT_TOKEN: TOKEN },
      lists: {
        'team-templates': ['token', 'web'],
        charts: ['none', 'redis'],
        'private-templates': ['ssh_key', 'secret'],
        'on-disk': ['none', 'near'],
      },
    };
  },

  'docs/registries/README.md': async (lab) => {
    const ssh = await lab.gitSsh(lab.repository(templateFiles('secret', 'secret', '1.0.0')));
    const images = await lab.oci({ auth: 'basic' }, ['team/redis', 'others/nginx']);
    lab.dockerLogin(images.host);
    lab.plugin('plugins/own.mjs');
    return {
      swap: {
        'https://templates.company.example': await lab.chandlery('ours', TOKEN),
        'https://charts.company.example/stable': await lab.helm({ name: 'closed', version: '1.0.0' }, basic),
        'oci://registry.company.example': images.url,
        'https://github.com/acme/packs': (await lab.packs()).url,
        'https://ark.company.example': await lab.ark('phoenix'),
        'git@git.company.example:platform/templates.git': ssh.url,
        '/etc/chandlery/deploy-key': ssh.key,
        '/etc/chandlery/known_hosts': ssh.knownHosts,
      },
      env: { COMPANY_TOKEN: TOKEN, CHARTS_PASSWORD: PASSWORD },
      lists: {
        company: ['token', 'ours'],
        charts: ['basic', 'closed'],
        images: ['docker_config', 'redis'],
        packs: ['none', 'cmd.dated', 'cmd.upper'],
        items: ['none', 'phoenix'],
        team: ['ssh_key', 'secret'],
        own: ['none', ...EXAMPLE_PLUGIN],
      },
    };
  },
};
const OVER_SSH = ['docs/registries/git.md', 'docs/registries/README.md'];

const samplesOf = (page: string) =>
  [...readPage(page).matchAll(/```yaml\n(registries:[\s\S]*?)```/g)].map(([, text]) => text ?? '');

/** Fails for what the sample does not say: then the page has changed, and what is tested would no longer be what it shows. */
function swapped(sample: string, swap: Record<string, string>): string {
  return Object.entries(swap).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, sample);
}

function opens(page: string): void {
  const lab = new DocumentedRegistries();
  let place: Place;
  beforeAll(async () => {
    place = await (PLACES[page] as NonNullable<(typeof PLACES)[string]>)(lab);
  }, 180_000);
  afterAll(() => lab.close());

  it('opens, connects to and lists every registry of its sample', async () => {
    const samples = samplesOf(page);
    expect(samples).toHaveLength(1);
    const { config, set } = lab.open(swapped(samples[0] ?? '', place.swap), place.env ?? {});
    expect(config.registries.problems).toEqual([]);
    const found: Record<string, unknown> = {};
    for (const { name } of config.registries.registries) {
      const plugin = set.get(name);
      const { credential } = await plugin.connect();
      const { templates, problems } = await listAll(plugin);
      expect(problems).toEqual([]);
      expect(templates.filter((one) => one.registry !== name || one.registryType !== plugin.type)).toEqual([]);
      found[name] = [credential, ...templates.map((template) => template.name).toSorted()];
    }
    expect(found).toEqual(place.lists);
  });

  it('is let in nowhere that wants a credential with another one', async () => {
    const { env = {}, swap, lists } = place;
    const wrong = Object.fromEntries(Object.keys(env).map((name) => [name, 'a-wrong-credential-0123']));
    const { set } = lab.open(swapped(samplesOf(page)[0] ?? '', swap), wrong);
    // The plugin of the examples looks at no credential.
    const guarded = Object.keys(lists).filter((name) => ['token', 'basic'].includes(lists[name]?.[0] ?? '') && name !== 'portal');
    for (const name of guarded) await expect(set.get(name).connect()).toFailWith('authentication');
  });
}

describe('the pages of registries', () => {
  it('are all opened here', () => {
    const pages = readdirSync(join(PACKAGE_ROOT, 'docs/registries')).filter((file) => file.endsWith('.md'));
    expect(Object.keys(PLACES).toSorted()).toEqual(['README.md', ...pages.map((page) => `docs/registries/${page}`)].toSorted());
  });
});

for (const page of Object.keys(PLACES))
  (OVER_SSH.includes(page) ? describeSshd : describe)(`the sample of ${page}`, () => opens(page));
