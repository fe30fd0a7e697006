import { describe, expect, it } from '@jest/globals';
import { defaultTag, missingTracks, readTagSet } from '../../src/domain/oci-tags.ts';

describe('readTagSet', () => {
  it('orders versions, newest first, and remembers how each is written', () => {
    const tags = [
      '1.0.0',
      'v1.10.0',
      'latest',
      '1.9.0_build.1',
      '1.9.0',
      '2.0.0-rc.1',
      'sha256-abc.sig',
      '1.4',
      'v1.0.0',
      '01.2.3',
    ];
    expect(readTagSet(tags)).toEqual({
      versions: [
        { version: '2.0.0-rc.1', tag: '2.0.0-rc.1' },
        { version: '1.10.0', tag: 'v1.10.0' },
        { version: '1.9.0+build.1', tag: '1.9.0_build.1' },
        { version: '1.9.0', tag: '1.9.0' },
        { version: '1.0.0', tag: '1.0.0' },
      ],
      tracks: ['1.4'],
    });
  });

  it('prefers the plainer of two tags whatever their order', () => {
    expect(readTagSet(['v1.0.0', '1.0.0']).versions).toEqual([{ version: '1.0.0', tag: '1.0.0' }]);
  });
});

describe('defaultTag', () => {
  it('is the newest release, else the newest of all', () => {
    expect(defaultTag(readTagSet(['2.0.0-rc.1', '1.2.0', '1.1.0']))?.version).toBe('1.2.0');
    expect(defaultTag(readTagSet(['6.6.2-20240102-030405', '6.6.1-20230102-030405']))?.version).toBe('6.6.2-20240102-030405');
    expect(defaultTag(readTagSet(['latest']))).toBeUndefined();
  });

  it('does not take build metadata for a pre-release', () => {
    expect(defaultTag(readTagSet(['1.2.0_a-b', '1.1.0']))?.version).toBe('1.2.0+a-b');
  });
});

describe('missingTracks', () => {
  it('names the tracks that have versions and no tag', () => {
    expect(missingTracks(readTagSet(['1.4.33', '1.4.34', '1.4', '1.5.0', 'latest']))).toEqual(['1.5']);
  });
});
