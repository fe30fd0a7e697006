import { readFile } from 'node:fs/promises';
import { text as readText } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { ParameterSchema } from '../domain/parameters/index.ts';
import { parameterSchema } from '../domain/parameters/schema.ts';
import { readYaml } from '../domain/yaml-limits.ts';
import { gather } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import { environmentValue } from './settings.ts';

/** `-p`, `-f` and `--set-secret`: parameters as the template's schema types them. */

export interface ParameterOptions {
  parameter?: string[];
  file?: string[];
  setSecret?: string[];
}

export interface GivenParameters {
  /** From files and `-p`. */
  parameters: Record<string, unknown>;
  /** From `--set-secret`: never written on the command line. */
  secrets: Record<string, unknown>;
}

/** Asked for only when something has to be typed by it. */
export type SchemaSource = () => Promise<ParameterSchema>;

/** Characters of a value on the command line or in a file; the API takes less than this. */
const MAX_VALUE_LENGTH = 256 * 1024;
const STDIN = '-';

export function withParameters(command: Command): Command {
  return withSecrets(command)
    .option('-p, --parameter <name=value>', "a parameter, typed by the template's schema (may be repeated)", gather)
    .option('-f, --file <file>', 'a YAML file of parameters; -p goes over it (may be repeated)', gather);
}

function withSecrets(command: Command): Command {
  const where = 'a secret parameter from a file (name=@FILE), from stdin (name=-) or from a variable (name=env:NAME)';
  return command.option('--set-secret <name=source>', where, gather);
}

/** Reads everything that was given. Fails with exit code 2, never showing a value. */
export async function readParameters(options: ParameterOptions, schemaOf: SchemaSource): Promise<GivenParameters> {
  const { parameter = [], file = [], setSecret = [] } = options;
  if (setSecret.filter((pair) => pair.endsWith(`=${STDIN}`)).length > 1) throw usage('only one secret can come from stdin');
  const schema = parameter.length + setSecret.length > 0 ? await schemaOf() : undefined;
  const parameters: Record<string, unknown> = {};
  for (const path of file) Object.assign(parameters, await readParameterFile(path));
  for (const pair of parameter) {
    const [name, text] = split(pair, '-p');
    parameters[name] = typedValue(text, parameterSchema(schema, name));
  }
  const secrets: Record<string, unknown> = {};
  for (const pair of setSecret) {
    const [name, source] = split(pair, '--set-secret');
    secrets[name] = typedValue(await readSecret(name, source), parameterSchema(schema, name));
  }
  return { parameters, secrets };
}

/** The text as the schema wants it: a text stays one (`version=1.10`); for other types it is read as YAML. */
export function typedValue(text: string, schema: Record<string, unknown>): unknown {
  const types = typesOf(schema);
  if (types.length > 0 && types.every((type) => type === 'string')) return text;
  const value = scalarOf(text);
  // What fits no other type is the text that it may be, too.
  return types.includes('string') && !types.includes(typeName(value)) ? text : value;
}

function typesOf({ type, enum: values, const: constant }: Record<string, unknown>): string[] {
  if (type !== undefined) return [type].flat().map(String);
  const known = Array.isArray(values) ? values : constant === undefined ? [] : [constant];
  return [...new Set(known.map(typeName))];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function scalarOf(text: string): unknown {
  try {
    return readYaml(text, { file: 'value', code: 'invalid_request' }).value;
  } catch {
    return text;
  }
}

function split(pair: string, option: string): [string, string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  // The whole is not repeated: it may be a secret that was put in the wrong place.
  throw usage(`${option} is written NAME=${option === '-p' ? 'VALUE' : '@FILE, NAME=- or NAME=env:VARIABLE'}`);
}

async function readParameterFile(path: string): Promise<Record<string, unknown>> {
  const { value } = readYaml(await readBounded(path), { file: path, code: 'invalid_request' });
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw usage(`${path} must hold parameters by name`);
}

async function readSecret(name: string, source: string): Promise<string> {
  // An editor ends a file with a line break that nobody means to be in a password.
  if (source === STDIN) return trimmed(await readText(process.stdin));
  if (source.startsWith('@')) return trimmed(await readBounded(source.slice(1)));
  const variable = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(source)?.[1];
  if (variable === undefined)
    throw usage(`--set-secret ${name}= takes @FILE, - or env:VARIABLE, so that the value is in no history`);
  const value = environmentValue(variable);
  if (value === undefined) throw usage(`--set-secret ${name}: the variable ${variable} is not set`);
  return value;
}

async function readBounded(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usage(`${path} cannot be read: ${error.code ?? error.message}`);
  });
  if (text.length > MAX_VALUE_LENGTH) throw usage(`${path} is longer than ${MAX_VALUE_LENGTH} characters`);
  return text;
}

function trimmed(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function usage(message: string): CliError {
  return new CliError({ message, exitCode: EXIT.usage });
}
