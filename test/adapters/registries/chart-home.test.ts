import { describe, expect, it } from '@jest/globals';
import { registryOfChart } from '../../../src/adapters/registries/chart-home.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';

const registry = (name: string, kind: RegistryConfig['kind'], url: string, more: Partial<RegistryConfig> = {}) =>
  ({ name, kind, type: 'community', url, ...more }) satisfies RegistryConfig;

const CONFIGURED = [
  registry('web', 'chandlery', 'https://charts.example.org/stable'),
  registry('stable', 'helm', 'https://charts.example.org/stable'),
  registry('again', 'helm', 'https://charts.example.org/stable'),
  registry('hub', 'oci', 'oci://docker.io/acme'),
  registry('harbour', 'oci', 'https://harbor.example.org:8443/charts'),
  registry('named', 'oci', 'oci://ghcr.io/acme', { repositories: ['charts/redis', '/charts/web/', 'other/web'] }),
  registry('broken', 'oci', 'oci://ghcr.io/NOT A PATH'),
];
const find = (repository: string, chart = 'redis') => registryOfChart(CONFIGURED, repository, chart);

describe('the registry of a Helm repository', () => {
  it('is the first of kind helm with that URL', () => {
    expect(find('https://charts.example.org/stable')).toBe('stable');
    expect(find('https://charts.example.org/stable/')).toBe('stable');
    expect(find('HTTPS://Charts.Example.org:443/stable')).toBe('stable');
  });

  it.each([
    'https://charts.example.org',
    'https://charts.example.org/stable/more',
    'https://charts.example.org/Stable',
    'https://charts.example.org:8443/stable',
    'http://charts.example.org/stable',
    'https://charts.example.org.evil.example/stable',
    'https://me:secret@charts.example.org/stable',
    'https://charts.example.org/stable?x=1',
    'https://charts.example.org/stable#x',
    'file://../common',
    '@stable',
    'alias:stable',
    'stable',
    '',
  ])('is none for %p', (repository) => {
    expect(find(repository)).toBeUndefined();
  });
});

describe('the registry of charts in an OCI registry', () => {
  it('is the one of kind oci with that host and path', () => {
    expect(find('oci://registry-1.docker.io/acme')).toBe('hub');
    expect(find('oci://harbor.example.org:8443/charts/')).toBe('harbour');
    expect(find('oci://harbor.example.org/charts')).toBeUndefined();
    expect(find('oci://harbor.example.org:8443')).toBeUndefined();
    expect(find('oci://harbor.example.org:8443/charts/more')).toBeUndefined();
    expect(find('oci://harbor.example.org:8443/CHARTS')).toBeUndefined();
  });

  it('has the chart among the repositories it names, and no other of its name', () => {
    expect(find('oci://ghcr.io/acme/charts', 'redis')).toBe('named');
    expect(find('oci://ghcr.io/acme', 'redis')).toBeUndefined();
    expect(find('oci://ghcr.io/acme/charts', 'web')).toBeUndefined();
    expect(find('oci://ghcr.io/acme/charts', 'nginx')).toBeUndefined();
  });
});
