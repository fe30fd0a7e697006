import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ARCHIVE_LIMITS } from '../../src/domain/archive.ts';
import { PARAMETER_LIMITS } from '../../src/domain/template-parameters.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { MANIFEST_YAML_LIMITS } from '../../src/domain/yaml-limits.ts';

const docs = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '../../docs/template-format.md'), 'utf8');
const MIB = 1024 * 1024;

describe('docs/template-format.md', () => {
  it('shows a template that is valid', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
    expect(parseTemplate(example).metadata.name).toBe('notes');
  });

  it('states the limits the code has', () => {
    const { maxArchiveBytes, maxUnpackedBytes, maxFileBytes, maxEntries, maxRatio, maxPathLength, maxDepth } =
      DEFAULT_ARCHIVE_LIMITS;
    const yaml = MANIFEST_YAML_LIMITS;
    for (const line of [
      `| archive | ${maxArchiveBytes / MIB} MiB |`,
      `| all files together | ${maxUnpackedBytes / MIB} MiB |`,
      `| one file | ${maxFileBytes / MIB} MiB |`,
      `| entries | ${maxEntries.toLocaleString('en')} |`,
      `| ${maxRatio} : 1 |`,
      `| path | ${maxPathLength} bytes, ${maxDepth} levels |`,
      `| size | ${yaml.maxBytes / 1024} KiB |`,
      `| nesting | ${yaml.maxDepth} levels |`,
      `| ${yaml.maxNodes.toLocaleString('en')} |`,
      `| uses of an alias | ${yaml.maxAliases} |`,
      `${PARAMETER_LIMITS.maxDepth} levels, ${PARAMETER_LIMITS.maxPatternLength} characters`,
    ]) {
      expect(docs).toContain(line);
    }
  });
});
