import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { reportOfJudgement } from '../src/domain/validation-report.ts';
import { judgeDirectory, openValidation } from '../src/validation.ts';

/** What comes with the program is the first thing that people copy. */

const ROOT = new URL('..', import.meta.url).pathname;
const DIRECTORIES = ['templates', 'samples/registry'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('/template.yaml'))
    .map((path) => join(folder, dirname(path))),
);
const set = openValidation();

it.each(DIRECTORIES)('%s would be approved, with nothing worse than low in it', async (directory) => {
  const { status, findings } = reportOfJudgement(await judgeDirectory(join(ROOT, directory), set));
  expect({ status, worse: findings.filter(({ severity }) => severity !== 'low' && severity !== 'info') }).toEqual({
    status: 'approved',
    worse: [],
  });
});
