import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';

/** Whatever speaks of installs, operations and deployments. `ops history` is left out: it prints a file of Temporal's. */
const COMMANDS = [
  ...['install', 'uninstall', 'installed', 'plan', 'deploy', 'launch'],
  ...['list', 'show', 'watch', 'cancel', 'replay'].map((name) => `ops ${name}`),
  ...['list', 'show', 'resources', 'events', 'outputs', 'revisions', 'operations'].map((name) => `deployments ${name}`),
  ...['upgrade', 'rollback', 'destroy'].map((name) => `deployments ${name}`),
  ...['install', 'uninstall', 'installed', 'deploy'].map((name) => `marketplace ${name}`),
];

async function commandAt(path: string): Promise<Command> {
  const words = path.split(' ');
  let command = await createProgram(words);
  for (const word of words) {
    const below = command.commands.find((candidate) => candidate.name() === word);
    if (!below) throw new Error(`there is no command ${path}`);
    command = below;
  }
  return command;
}

describe('-o', () => {
  it.each(COMMANDS)('of %s is for people, json, yaml or name', async (path) => {
    const option = (await commandAt(path)).options.find(({ long }) => long === '--output');
    expect(option?.short).toBe('-o');
    expect(option?.argChoices).toEqual([option?.defaultValue, 'json', 'yaml', 'name']);
  });
});
