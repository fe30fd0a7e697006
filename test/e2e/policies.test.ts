import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../embedded/support/processes.ts';
import { refusedStart } from '../support/refused-start.ts';

const BAD = `apiVersion: chandlery.dev/v1
kind: Policy
metadata: { name: bad }
spec:
  validations:
    - expression: objects.all(o, o.kind = "Pod")
      message: must not be
`;

describe('attack: a policy that does not compile', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let policies: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    policies = join(directory.path, 'policies');
    await mkdir(policies);
    await writeFile(join(policies, 'bad.yaml'), BAD);
  });
  afterAll(() => directory.remove());

  it.each(['start', 'server', 'worker'])('keeps the server from starting, which says the line: %s', (program) => {
    const data = join(directory.path, 'data');
    const { status, stderr } = refusedStart(program, { CHANDLERY_POLICIES: policies, CHANDLERY_DATA_DIR: data });
    expect(status).toBe(1);
    expect(stderr).toContain(`config_invalid: ${join(policies, 'bad.yaml')}:6:`);
    expect(existsSync(data)).toBe(false);
  });
});
