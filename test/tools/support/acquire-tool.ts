import { acquireGoTool } from '../../../tools/go-tool.ts';

const [options = '{}'] = process.argv.slice(2);
const log = (line: string): void => console.log(JSON.stringify(line));
await acquireGoTool({ ...JSON.parse(options), env: process.env, log });
