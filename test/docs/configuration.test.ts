import { describe, expect, it } from '@jest/globals';
import { readConfig, VARIABLES } from '../../src/config.ts';
import { codeWords, readPage, tableRows } from './support/pages.ts';

const rows = tableRows(readPage('docs/configuration.md')).slice(1);
const named = (reader: string) =>
  rows
    .filter(([, readers]) => readers?.split(', ').includes(reader))
    .map(([name]) => codeWords(name ?? '')[0] ?? '')
    .toSorted();
const defaultOf = (name: string) => codeWords(rows.find(([cell]) => cell === `\`${name}\``)?.[2] ?? '')[0];

describe('docs/configuration.md', () => {
  it('lists exactly the variables of the server', () => {
    expect(named('server')).toEqual([...VARIABLES].toSorted());
  });

  it('lists exactly the variables of the registry server', () => {
    const source = readPage('src/registry-config.ts');
    expect(named('registry server')).toEqual([...new Set(source.match(/\bCHANDLERY_[A-Z_]+\b/g))].toSorted());
  });

  it('lists exactly the variables of the CLI', () => {
    const read = [...readPage('src/cli/settings.ts').matchAll(/\benv\.([A-Z_]+)\b/g)].map(([, name]) => name ?? '');
    expect(named('CLI')).toEqual([...new Set(read)].toSorted());
  });

  it('states the defaults the code has', () => {
    const { port, host, environment, registryRead, limits, logLevel, temporalNamespace, taskQueue } = readConfig({});
    expect(
      Object.fromEntries(
        [
          'CHANDLERY_PORT',
          'CHANDLERY_HOST',
          'CHANDLERY_ENV',
          'CHANDLERY_REGISTRY_READ',
          'CHANDLERY_STEP_ATTEMPTS',
          'CHANDLERY_RETRY_INITIAL_MS',
          'CHANDLERY_INSTALL_TIMEOUT_MS',
          'CHANDLERY_LOG_LEVEL',
          'TEMPORAL_NAMESPACE',
          'CHANDLERY_TASK_QUEUE',
        ].map((name) => [name, defaultOf(name)]),
      ),
    ).toEqual({
      CHANDLERY_PORT: String(port),
      CHANDLERY_HOST: host,
      CHANDLERY_ENV: environment,
      CHANDLERY_REGISTRY_READ: registryRead,
      CHANDLERY_STEP_ATTEMPTS: String(limits.stepAttempts),
      CHANDLERY_RETRY_INITIAL_MS: String(limits.retryInitialMs),
      CHANDLERY_INSTALL_TIMEOUT_MS: String(limits.operationMs),
      CHANDLERY_LOG_LEVEL: logLevel,
      TEMPORAL_NAMESPACE: temporalNamespace,
      CHANDLERY_TASK_QUEUE: taskQueue,
    });
  });
});
