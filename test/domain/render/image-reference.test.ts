import { describe, expect, it } from '@jest/globals';
import { imageOf, isImageReference } from '../../../src/domain/render/image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const parts = { REGISTRY: 'registry', REPO_WITH_REGISTRY: 'repo', REPO_WITHOUT_REGISTRY: 'name', TAG: 'tag' };
const images = {
  full: { ref: 'docker.io/library/redis:7.2.5', digest, parameters: { FULL: 'image' } },
  parts: { ref: 'reg.example.org:5000/a/b/app:1.0', digest: digest.replace('a', 'b'), parameters: parts },
  short: { ref: 'nginx', parameters: { TAG: 'tag', REGISTRY: 'registry' } },
};

describe('imageOf', () => {
  it.each([
    ['a name, pinned', 'full', {}, `docker.io/library/redis:7.2.5@${digest}`],
    ['a name that a parameter replaces', 'full', { image: 'own/redis:8' }, 'own/redis:8'],
    ['a name whose parameter is empty', 'full', { image: '' }, `docker.io/library/redis:7.2.5@${digest}`],
    ['a reference that is one of the images', 'docker.io/library/redis:7.2.5', {}, `docker.io/library/redis:7.2.5@${digest}`],
    ['another reference', 'docker.io/library/redis:7.2.4', {}, 'docker.io/library/redis:7.2.4'],
    ['another registry', 'parts', { registry: 'mirror.local' }, 'mirror.local/a/b/app:1.0'],
    ['another repository with its registry', 'parts', { repo: 'mirror.local/x' }, 'mirror.local/x:1.0'],
    ['another repository', 'parts', { name: 'x/y' }, 'reg.example.org:5000/x/y:1.0'],
    ['another tag', 'parts', { tag: '2.0' }, 'reg.example.org:5000/a/b/app:2.0'],
    ['a digest as tag', 'parts', { tag: digest }, `reg.example.org:5000/a/b/app@${digest}`],
    ['a reference without registry or tag', 'short', { tag: '1', registry: 'mirror.local' }, 'mirror.local/nginx:1'],
    ['a name that only an object has', 'toString', {}, 'toString'],
  ])('gives %s', (_what, text, values, expected) => {
    expect(imageOf(text, images, values)).toBe(expected);
  });
});

describe('isImageReference', () => {
  it.each([
    ['docker.io/library/redis:7.2.5-alpine', true],
    [`reg:5000/x@${digest}`, true],
    ['two words', false],
    ['-x', false],
    ['', false],
    ['x'.repeat(600), false],
  ])('says of %j: %s', (text, expected) => {
    expect(isImageReference(text)).toBe(expected);
  });
});
