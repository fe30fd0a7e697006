import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXIT_WORDS } from '../../src/cli/exit-codes.ts';
import { MAIN, runCli } from './support/run-cli.ts';

const COMMANDS = [
  ...['search', 'show', 'install', 'uninstall', 'installed', 'validate', 'version', 'ops', 'marketplace'],
  ...['publish', 'yank', 'unyank', 'rate', 'ratings', 'owners', 'verified'],
  ...['browse', 'registries', 'render', 'plan', 'deploy', 'launch', 'deployments', 'tokens', 'whoami', 'sources', 'packs'],
];
const OF_DEPLOYMENTS = [
  'list',
  'show',
  'resources',
  'events',
  'outputs',
  'revisions',
  'operations',
  'upgrade',
  'rollback',
  'destroy',
];
const BELOW = [
  ...['list', 'show', 'watch', 'cancel', 'replay', 'history'].map((name) => ['ops', name]),
  ...['list', 'show', 'health', 'test', 'refresh', 'add', 'update', 'remove'].map((name) => ['registries', name]),
  ...['search', 'browse', 'registries'].map((name) => ['marketplace', name]),
  ['marketplace', 'install'],
  ['marketplace', 'deploy'],
  ...OF_DEPLOYMENTS.map((name) => ['deployments', name]),
  ...['create', 'list', 'revoke'].map((name) => ['tokens', name]),
  ...['list', 'show', 'add', 'edit', 'remove', 'items', 'permissions'].map((name) => ['sources', name]),
  ...['list', 'refresh', 'show'].map((name) => ['packs', name]),
];

/** Every package that loading the file brings in, through static imports only. */
function packagesLoadedBy(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];$/gm)) {
    if (from.startsWith('.')) for (const name of packagesLoadedBy(join(dirname(file), from), seen)) packages.add(name);
    else packages.add(from);
  }
  return packages;
}

describe('chandlery --help', () => {
  it('lists the commands and the exit codes, and exits 0', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ +${name} `, 'm'));
    expect(stdout).toContain('130  stopped watching');
  });

  it('loads commander and nothing heavier', () => {
    const packages = [...packagesLoadedBy(MAIN)].filter((name) => !name.startsWith('node:'));
    expect(packages).toEqual(['commander']);
  });

  it.each([...COMMANDS.map((name) => [name]), ...BELOW])('has one example for %s %s', async (...words) => {
    const { code, stdout } = await runCli([...words, '--help']);
    expect(code).toBe(0);
    expect(stdout.match(/^Example:$/gm)).toHaveLength(1);
    expect(stdout).toContain('$ chandlery ');
  });

  it('tells the options of the command behind `help`', async () => {
    expect((await runCli(['help', 'install'])).stdout).toContain('--accept-unsigned');
    expect((await runCli(['ops', 'help', 'replay'])).stdout).toContain('--from');
  });
});

describe('chandlery version', () => {
  it.each([['version'], ['--version'], ['-V']])('answers %s', async (word) => {
    const { code, stdout } = await runCli([word]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^chandlery \d+\.\d+\.\d+ /);
  });
});

describe('docs/cli.md', () => {
  const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

  it('has every exit code and every command', () => {
    for (const [code, meaning] of EXIT_WORDS) expect(text.replaceAll('`', '')).toContain(`| ${code} | ${meaning} |`);
    for (const name of COMMANDS) expect(text).toContain(`\`${name}`);
    for (const words of BELOW.filter(([group]) => group !== 'marketplace')) expect(text).toContain(`\`${words.join(' ')}`);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['instal'], 'Did you mean install?'],
    [['install'], 'missing required argument'],
    [['install', 'redis', '--frob'], 'unknown option'],
    [['search', '-o', 'xml'], 'Allowed choices are table, json, yaml, name'],
    [['ops', 'list', '--limit', '0'], 'whole number from 1 to 100'],
    [['ops', 'frob'], 'too many arguments'],
    [['marketplace'], 'Usage: chandlery marketplace'],
  ])('%j exits 2', async (words, said) => {
    const { code, stderr, stdout } = await runCli(words);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stdout).toBe('');
  });
});
