import { describe, expect, it } from '@jest/globals';
import { parseValidatorPlugins } from '../../src/domain/validator-plugins.ts';

const parse = (text: string) => parseValidatorPlugins(text, '/etc/chandlery/validators.yaml');

describe('the file of CHANDLERY_VALIDATORS', () => {
  it('names modules, from its own folder, each with its policy', () => {
    const text = `validators:
  - { name: house, kind: security, module: ./plugins/house.mjs, policy: { most: [1, 2] } }
  - { name: readme, kind: quality, module: /srv/readme.mjs }
`;
    expect(parse(text)).toEqual([
      { name: 'house', kind: 'security', module: '/etc/chandlery/plugins/house.mjs', policy: { most: [1, 2] } },
      { name: 'readme', kind: 'quality', module: '/srv/readme.mjs', policy: {} },
    ]);
    expect(parse('validators: []')).toEqual([]);
  });

  it.each([
    ['validators:\n  - {name: a, kind: security}', '2:5'],
    ['validators:\n  - {name: a, kind: style, module: a.mjs}', '2:21'],
    ['validators:\n  - {name: ../a, kind: security, module: a.mjs}', 'lower-case letters'],
    ['validators:\n  - {name: a, kind: security, module: a.mjs, polcy: 1}', 'polcy: is not known here'],
    [
      'validators:\n  - {name: a, kind: security, module: a.mjs}\n  - {name: a, kind: quality, module: b.mjs}',
      'validators.yaml:3:12: validators.1.name: there is already a validator named "a"',
    ],
    ['', 'validators.yaml:1:1'],
  ])('is refused with its place: %j', (text, said) => {
    expect(() => parse(text)).toFailWith('config_invalid');
    expect(() => parse(text)).toThrow(said);
  });
});
