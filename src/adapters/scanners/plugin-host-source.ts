import { END_WITH_PARENT } from '../end-with-parent.ts';

/**
 * The program of the process a validator plugin runs in, as text: it is started from JavaScript, and this way the same text serves from source
 * and from the build. One line of JSON comes in for each question, one goes out with the answer, over a socket that is neither stdin nor stdout.
 * Everything it says is checked on the other side.
 */
export const PLUGIN_HOST = `${END_WITH_PARENT}
const { createInterface } = require('node:readline');
const { Socket } = require('node:net');


const channel = new Socket({ fd: 3, readable: true, writable: true });
let plugin;

async function answer({ load, method, args }) {
  if (load === undefined) return await plugin[method](...args);
  plugin = await import(load);
  const functions = Object.keys(plugin).filter((key) => typeof plugin[key] === 'function');
  return { apiVersion: plugin.apiVersion, version: plugin.version, functions };
}

function explain(error) {
  const { code, severity, file, line, recommendation, message } = error ?? {};
  return { code, severity, file, line, recommendation, message: typeof message === 'string' ? message : String(error) };
}

async function lineOf(question) {
  try {
    return JSON.stringify({ id: question.id, value: (await answer(question)) ?? null });
  } catch (error) {
    return JSON.stringify({ id: question.id, error: explain(error) });
  }
}

createInterface({ input: channel }).on('line', async (line) => channel.write((await lineOf(JSON.parse(line))) + '\\n'));
channel.on('end', () => process.exit());
channel.on('error', () => process.exit());
`;
