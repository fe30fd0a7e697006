import { homedir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '../../../src/embedded/engine.ts';

const [dataDir = ''] = process.argv.slice(2);
const cacheDir = join(homedir(), '.cache', 'chandlery');
const engine = await startEngine({ dataDir, cacheDir, env: process.env, log: (line) => console.error(line) });
console.log(JSON.stringify({ parts: engine.parts(), databaseUrl: engine.databaseUrl }));
