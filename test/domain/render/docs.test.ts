import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PARAMETER_VALUE_LIMITS } from '../../../src/domain/parameters/index.ts';
import { RENDER_LIMITS } from '../../../src/domain/render/limits.ts';
import { SIZES } from '../../../src/domain/render/sizes.ts';
import { CONTENT_YAML_LIMITS } from '../../../src/domain/yaml-limits.ts';

const docs = readFileSync(new URL('../../../docs/template-format.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
const KIB = 1024;

describe('docs/template-format.md', () => {
  it.each(Object.entries(SIZES))('states what size %s is', (size, { cpu, memory }) => {
    expect(docs).toContain(`| \`${size}\` | ${cpu} | ${memory} |`);
  });

  it('states the limits that rendering has', () => {
    const { maxValueBytes, maxTotalBytes, maxDepth } = PARAMETER_VALUE_LIMITS;
    expect(docs).toContain(`${maxValueBytes / KIB} KiB each, ${maxTotalBytes / KIB} KiB all, ${maxDepth} levels`);
    const { maxBytes, maxNodes } = CONTENT_YAML_LIMITS;
    const inAll = `${RENDER_LIMITS.maxObjects} objects and ${RENDER_LIMITS.maxBytes / KIB / KIB} MiB in all`;
    expect(docs).toContain(
      `at most ${maxBytes / KIB / KIB} MiB and ${maxNodes.toLocaleString('en')} values a file, ${RENDER_LIMITS.maxSourceBytes / KIB / KIB} MiB of files, ${inAll}`,
    );
  });
});
