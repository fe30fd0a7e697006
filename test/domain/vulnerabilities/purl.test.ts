import { describe, expect, it } from '@jest/globals';
import { parsePurl } from '../../../src/domain/vulnerabilities/purl.ts';

const bare = { qualifiers: {} };

describe('a package URL', () => {
  it.each([
    ['pkg:npm/left-pad@1.3.0', { ...bare, type: 'npm', name: 'left-pad', version: '1.3.0' }],
    ['pkg:npm/%40angular/core@16.0.0', { ...bare, type: 'npm', namespace: '@angular', name: 'core', version: '16.0.0' }],
    ['pkg:npm/%40angular/core', { ...bare, type: 'npm', namespace: '@angular', name: 'core' }],
    ['pkg:npm/@angular/core@16.0.0', { ...bare, type: 'npm', namespace: '@angular', name: 'core', version: '16.0.0' }],
    ['pkg:npm/@angular/core', { ...bare, type: 'npm', namespace: '@angular', name: 'core' }],
    ['PKG://NPM//Left-Pad@1', { ...bare, type: 'npm', name: 'left-pad', version: '1' }],
    ['pkg:pypi/Zope_Interface@6.0', { ...bare, type: 'pypi', name: 'zope-interface', version: '6.0' }],
    [
      'pkg:golang/github.com/Some/Thing@v1.2.3%2Bincompatible#/./cmd//x/../y/',
      {
        ...bare,
        type: 'golang',
        namespace: 'github.com/some',
        name: 'thing',
        version: 'v1.2.3+incompatible',
        subpath: 'cmd/x/y',
      },
    ],
    ['pkg:maven/org.acme/Core@1.0', { ...bare, type: 'maven', namespace: 'org.acme', name: 'Core', version: '1.0' }],
    [
      'pkg:deb/debian/libssl3@1%3A3.0.11-1~deb12u2?Arch=amd64&distro=debian-12&upstream=openssl&empty=',
      {
        ...{ type: 'deb', namespace: 'debian', name: 'libssl3', version: '1:3.0.11-1~deb12u2' },
        qualifiers: { arch: 'amd64', distro: 'debian-12', upstream: 'openssl' },
      },
    ],
    ['pkg:generic/a?checksum=sha1:aa%2Csha256:bb', { type: 'generic', name: 'a', qualifiers: { checksum: 'sha1:aa,sha256:bb' } }],
  ])('%s is read part by part', (text, expected) => {
    expect(parsePurl(text)).toEqual(expected);
  });

  it.each([
    ['left-pad@1.3.0', /begin with pkg:/],
    ['pkg%3Anpm/left-pad', /begin with pkg:/],
    ['pkg:left-pad@1.3.0', /no type/],
    ['pkg:3npm/left-pad', /no type/],
    ['pkg:n&pm/left-pad', /no type/],
    ['pkg:maven/@1.3.4', /no name/],
    ['pkg:npm/a?in%20production=true', /key of a qualifier/],
    ['pkg:npm/a?x=1&X=2', /twice/],
    ['pkg:npm/%zz', /decoded/],
    [`pkg:npm/${'a'.repeat(5_000)}`, /longer than/],
  ])('%s is refused, saying why', (text, why) => {
    expect(() => parsePurl(text)).toThrow(why);
    expect(() => parsePurl(text)).toFailWith('invalid_request');
  });
});
