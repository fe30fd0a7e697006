import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ComposeCheckResult, checkComposeFile } from '../../tools/compose-check.ts';
import { temporaryDirectory } from '../embedded/support/processes.ts';

const BUILD_TIMEOUT_MS = 180_000;
const OURS = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

function check(file: string, variables: Record<string, string> = {}): Promise<ComposeCheckResult> {
  return checkComposeFile({ file, variables, cacheDir: join(homedir(), '.cache', 'chandlery'), env: process.env, log: () => {} });
}

async function checkChanged(from: string, to: string): Promise<string[]> {
  const file = join(directory.path, 'docker-compose.yml');
  const text = await readFile(OURS, 'utf8');
  expect(text).toContain(from);
  await writeFile(file, text.replace(from, to));
  return (await check(file)).problems;
}

describe('our docker-compose.yml', () => {
  it(
    'is valid and keeps our rules',
    async () => {
      expect(await check(OURS)).toEqual({
        ok: true,
        problems: [],
        services: ['api', 'postgres', 'temporal', 'temporal-ui', 'worker'],
      });
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'does not start without a password',
    async () => {
      const { ok, problems } = await check(OURS, { POSTGRES_PASSWORD: '' });
      expect(ok).toBe(false);
      expect(problems.join()).toContain('set POSTGRES_PASSWORD in the environment or in .env');
    },
    BUILD_TIMEOUT_MS,
  );
});

describe('checkComposeFile', () => {
  it(
    'refuses what Compose does not know',
    async () => {
      expect(await checkChanged('    image: temporalio/ui', '    imagine: temporalio/ui')).toEqual([
        expect.stringContaining('imagine'),
      ]);
    },
    BUILD_TIMEOUT_MS,
  );

  it('refuses an image without a version', async () => {
    expect(await checkChanged('temporalio/ui:2.42.1', 'temporalio/ui:latest')).toEqual([
      'service temporal-ui: the image temporalio/ui:latest has no version',
    ]);
  });

  it('refuses a port on every address', async () => {
    const problems = await checkChanged('"127.0.0.1:$', '"$');
    expect(problems).toEqual(['service temporal-ui: port 8080 is published on every address, not only on 127.0.0.1']);
  });

  it('refuses to start before a dependency is healthy', async () => {
    const problems = await checkChanged(
      '      temporal:\n        condition: service_healthy',
      '      temporal:\n        condition: service_started',
    );
    expect(problems).toEqual(['service temporal-ui: does not wait until temporal is healthy']);
  });
});
