import { describe, expect, it } from '@jest/globals';
import { packManifest, readPack } from '../../../src/domain/foreign/pack.ts';
import { type ParsedPackIndex, parsePackIndex } from '../../../src/domain/foreign/pack-index.ts';
import { packVersion } from '../../../src/domain/foreign/pack-version.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { INDEX, packText } from '../../support/pack-catalog.ts';

function parse(text: string): ParsedPackIndex & { steps: number } {
  const steps = parsePackIndex(text, 'index.yaml');
  for (let count = 1; ; count += 1) {
    const step = steps.next();
    if (step.done === true) return { ...step.value, steps: count };
  }
}

describe('the version of a pack', () => {
  it.each([
    ['v1', '1.0.0'],
    ['v12', '12.0.0'],
    ['1.10', '1.10.0'],
    ['2026.05', '2026.5.0'],
    ['2026.05.01', '2026.5.1'],
    ['1.2.3', '1.2.3'],
    ['v1.2.3-rc.1+b7', '1.2.3-rc.1+b7'],
    ['0', '0.0.0'],
    ['00', '0.0.0'],
  ])('%s is %s', (text, version) => expect(packVersion(text)).toBe(version));

  it.each(['', 'latest', 'stable-1', 'v', '1.2.3.4', '1..2', '1.2.3-', '99999999999999999999'])('%j has none', (text) =>
    expect(packVersion(text)).toBeUndefined(),
  );
});

describe('a pack manifest', () => {
  it('becomes a template that our own schema accepts', () => {
    const manifest = packManifest(packText('cmd.upper', 'needs_session: true\ntrust: {signed_by: me, sha256: ""}\n'), 'p');
    expect(manifest).toMatchObject({
      metadata: { name: 'cmd.upper', version: '1.0.0', license: 'MIT', category: 'developer-tools', tags: ['example', 'string'] },
      spec: {
        type: 'pack',
        handler: { type: 'command', command: ['./upper'], timeout_s: 5, pack: { version: 'v1', needs_session: true } },
        inputSchema: {
          type: 'object',
          required: ['text'],
          properties: { text: { type: 'string', description: 'What to change.' } },
        },
        outputSchema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
        examples: [{ name: 'hello' }],
      },
      trust: { signed_by: 'me', sha256: '' },
    });
    expect(parseTemplate(JSON.stringify(manifest))).toEqual(manifest);
  });

  it('keeps texts as they are written', () => {
    const text = packText('cmd.upper').replace('version: v1', 'version: 1.10').replace('author: tosin2013', 'author: 007');
    expect(readPack(text, 'p')).toMatchObject({
      version: '1.10',
      manifest: { version: '1.10', author: '007', handler: { timeout_s: 5 } },
    });
    expect(packManifest(text, 'p').metadata.version).toBe('1.10.0');
  });

  it('drops what a template may not have, and warns of what the catalog would object to', () => {
    const text = packText('cmd.upper')
      .replace('license: MIT', 'license: "free, do what you like!"')
      .replace('category: developer-tools', 'category: Other Things')
      .replace('text: { type: string } }', 'text: { type: integer } }');
    const manifest = packManifest(text, 'p');
    expect(manifest.metadata).not.toHaveProperty('license');
    expect(manifest.metadata).not.toHaveProperty('category');
    expect(manifest.spec.outputSchema).toEqual({ type: 'object', required: ['text'], properties: { text: {} } });
    expect(parseTemplate(JSON.stringify(manifest))).toEqual(manifest);
    expect(readPack(text, 'p').warnings).toEqual([
      expect.stringContaining('category'),
      expect.stringContaining('output_schema.properties.text.type'),
    ]);
  });

  it.each([
    ['an absolute command', '["./upper"]', '["/bin/sh"]', 'inside the pack'],
    ['a command that climbs', '["./upper"]', '["../../bin/sh"]', 'inside the pack'],
    ['no command', '["./upper"]', '[]', 'not empty'],
    ['a builtin', 'type: command', 'type: builtin', 'builtin'],
    ['a wasm module', 'type: command', 'type: wasm', 'wasm'],
    ['a name that no pack has', 'name: cmd.upper', 'name: Cmd Upper', 'group.verb'],
    ['a version without order', 'version: v1', 'version: latest', 'no order'],
    ['no version', 'version: v1\n', '', 'version: missing'],
    ['a list for a text', 'author: tosin2013', 'author: [a]', 'must be text'],
    ['broken YAML', 'handler:', 'handler: {', 'YAML'],
  ])('refuses %s', async (_what, from, to, said) => {
    const read = () => packManifest(packText('cmd.upper').replace(from, to), 'packs/x.yaml');
    await expect(read).toFailWith('template_invalid');
    expect(read).toThrow(said);
    expect(read).toThrow('packs/x.yaml');
  });
});

describe('an index of packs', () => {
  it('gives entries with texts as written, and leaves out what is empty', () => {
    const { index, problems } = parse(INDEX);
    expect(index).toEqual({
      catalog_version: 'v1',
      packs: [
        {
          ...{
            name: 'cmd.upper',
            version: 'v1',
            path: 'packs/cmd.upper',
            description: 'Uppercase a string.',
            author: 'tosin2013',
          },
          ...{ category: 'developer-tools', tags: ['example', 'string'], installs: 12 },
        },
        expect.objectContaining({ name: 'cmd.dated', version: '2026.05' }),
      ],
    });
    expect(problems).toEqual([]);
    expect(
      parse('packs:\n- {name: a.b, version: 1.10, path: p, description: d, author: 12345678901234567890}').index.packs,
    ).toEqual([{ name: 'a.b', version: '1.10', path: 'p', description: 'd', author: '12345678901234567890' }]);
    expect(parse('catalog_version: 2').index).toEqual({ catalog_version: '2', packs: [] });
  });

  const entry = (number: number, indent: string) =>
    [
      `- name: g.p${number}`,
      `  version: ${number}.10`,
      '  path: packs/x',
      '  description: |',
      '    text',
      '    - not an entry',
      '',
      '  author: me',
    ]
      .map((line) => (line === '' ? '' : indent + line))
      .join('\n');

  it.each([
    ['', '\n'],
    ['  ', '\n'],
    ['    ', '\r\n'],
  ])('reads a long one in pieces as it would read it whole (%j)', (indent, newline) => {
    const entries = Array.from({ length: 3_000 }, (_, number) =>
      number === 1_500 ? `${indent}- [broken, entry]` : entry(number, indent),
    );
    const text = [
      '# head',
      'catalog_version: v7',
      'packs: # all of them',
      ...entries,
      '# foot',
      'updated_at: 2026-05-15T16:42:11Z',
      '',
    ]
      .join('\n')
      .replaceAll('\n', newline);
    const { index, problems, steps } = parse(text);
    expect(steps).toBeGreaterThan(20);
    expect([index.packs.length, index.catalog_version, index.updated_at]).toEqual([2_999, 'v7', '2026-05-15T16:42:11Z']);
    expect(index.packs[2_998]).toMatchObject({ name: 'g.p2999', version: '2999.10', description: 'text\n- not an entry\n' });
    expect(problems).toEqual([{ subject: 'index.yaml: pack 1501', message: 'is not a map' }]);
  });

  it('keeps nobody waiting for long', () => {
    const text = `packs:\n${Array.from({ length: 6_000 }, (_, number) => entry(number, '  ')).join('\n')}`;
    const steps = parsePackIndex(text, 'index.yaml');
    const times: number[] = [];
    for (let step = { done: false } as { done?: boolean }; !step.done; ) {
      const from = performance.now();
      step = steps.next();
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(50);
  });

  it.each([
    ['broken YAML', 'packs: [', 'YAML'],
    ['a web page', '<html><body>Sign in</body></html>', 'not an index'],
    ['packs that are no list', 'packs: {a: 1}', 'must be a list'],
    ['packs twice', `packs: []\n${'# '.repeat(20_000)}\npacks:\n- name: a\n`, 'twice'],
    ['nothing', '', 'not an index'],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &b${n} [*${n ? `b${n - 1}` : 'a'},*${n ? `b${n - 1}` : 'a'},*${n ? `b${n - 1}` : 'a'}]`).join('\n')}`,
      '',
    ],
    ['10,000 levels', '['.repeat(10_000), ''],
  ])('refuses %s', async (_what, text, said) => {
    await expect(() => parse(text)).toFailWith('registry_invalid');
    expect(() => parse(text)).toThrow(said);
  });
});
