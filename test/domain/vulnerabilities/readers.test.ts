import { describe, expect, it } from '@jest/globals';
import { PACKAGE_LIST_LIMITS } from '../../../src/domain/vulnerabilities/package-list.ts';
import { isPackageList, readerOf } from '../../../src/domain/vulnerabilities/readers.ts';

function read(path: string, content: string | object) {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  const list = readerOf(path, text)?.(path, text);
  const packages = list?.packages.map(
    ({ ecosystem, name, version, line }) => `${ecosystem} ${name} ${version}${line ? ` :${line}` : ''}`,
  );
  return { packages, notes: [...(list?.notes ?? [])] };
}

describe('an SBOM in CycloneDX', () => {
  const bom = (more: object) => ({ bomFormat: 'CycloneDX', specVersion: '1.6', ...more });

  it('gives the packages of its components, also of those inside others', () => {
    const components = [
      { name: 'a', version: '1.0.0', purl: 'pkg:npm/a@1.0.0', components: [{ name: 'b', purl: 'pkg:pypi/B_b@2' }] },
      { name: 'c', version: '3', purl: 'pkg:maven/org.c/c', scope: 'excluded' },
      { name: 'a again', purl: 'pkg:npm/a@1.0.0' },
      { name: 'openssl', purl: 'pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl' },
      { name: 'apk', purl: 'pkg:apk/alpine/busybox@1.36.1-r2?distro=3.18.4' },
    ];
    expect(read('bom.json', bom({ components })).packages).toEqual([
      ...['npm a 1.0.0', 'PyPI b-b 2', 'Maven org.c:c 3'],
      ...['Debian:12 openssl 3.0.11-1', 'Alpine:v3.18 busybox 1.36.1-r2'],
    ]);
  });

  it('is known by what is in it, whatever the file is called', () => {
    expect(read('meta/inventory.json', bom({ components: [{ purl: 'pkg:npm/a@1' }] })).packages).toEqual(['npm a 1']);
    expect(readerOf('values.json', '{"a": 1}')).toBeUndefined();
    expect(['x/go.sum', 'app.cdx.json', 'a.spdx.json', 'values.json'].map(isPackageList)).toEqual([true, true, true, false]);
  });

  it('tells what it cannot look up', () => {
    const components = [
      { name: 'x' },
      { purl: 'pkg:npm/x' },
      { purl: 'nonsense' },
      { purl: 'pkg:rpm/fedora/x@1' },
      { name: 'y' },
    ];
    const { packages, notes } = read('bom.json', bom({ components }));
    expect(packages).toEqual([]);
    expect(notes).toEqual([
      ['a component without a package URL cannot be looked up', 2],
      ['a package without a version cannot be looked up', 1],
      ['"nonsense" is no package URL: it does not begin with pkg:', 1],
      ['packages of type rpm are not in the data', 1],
    ]);
  });

  it('does not pass on what is no name', () => {
    const components = [
      { purl: 'pkg:npm/a%00b@1' },
      { purl: 'pkg:npm/a@1%00' },
      { purl: 'x\u0000' },
      { purl: `pkg:npm/${'a'.repeat(600)}@1` },
    ];
    const { packages, notes } = read('bom.json', bom({ components }));
    expect([packages, notes.map(([what]) => what)]).toEqual([
      [],
      ['a name or a version that no package has cannot be looked up', '"x " is no package URL: it does not begin with pkg:'],
    ]);
  });

  it.each([
    ['another version', { ...bom({}), specVersion: '1.3' }, /CycloneDX 1.3 is not read/],
    ['components that are none', bom({ components: [{ purl: 7 }] }), /a component/],
    ['no list of components', bom({ components: {} }), /components/],
    ['no JSON', '{"bomFormat": "CycloneDX"', /not JSON/],
    ['another format', { hello: 1 }, /neither CycloneDX nor SPDX/],
  ])('with %s is refused with template_invalid', (_what, content, why) => {
    expect(() => read('bom.json', content)).toThrow(why);
    expect(() => read('bom.json', content)).toFailWith('template_invalid');
  });

  it('with components without end inside each other is refused', () => {
    let components: object[] = [];
    for (let depth = 0; depth < 100; depth += 1) components = [{ name: 'x', components }];
    expect(() => read('bom.json', bom({ components }))).toFailWith('template_invalid');
  });

  it('with more packages than are looked up says so', () => {
    const components = Array.from({ length: PACKAGE_LIST_LIMITS.packages + 5 }, (_, at) => ({ purl: `pkg:npm/a${at}@1` }));
    const text = JSON.stringify(bom({ components }));
    const list = readerOf('bom.json', text)?.('bom.json', text);
    expect([list?.packages.length, list?.full]).toEqual([PACKAGE_LIST_LIMITS.packages, true]);
  });
});

describe('an SBOM in SPDX', () => {
  const ref = (referenceLocator: string, referenceType = 'purl') => ({
    referenceCategory: 'PACKAGE-MANAGER',
    referenceType,
    referenceLocator,
  });
  const document = {
    spdxVersion: 'SPDX-2.3',
    packages: [
      { name: 'a', versionInfo: '1.0.0', externalRefs: [ref('cpe:2.3:a', 'cpe23Type'), ref('pkg:npm/a')] },
      { name: 'root' },
    ],
  };

  it('gives the packages that have a package URL', () => {
    expect(read('a.spdx.json', document)).toEqual({
      packages: ['npm a 1.0.0'],
      notes: [['a package without a package URL cannot be looked up', 1]],
    });
  });

  it('of another version is refused', () => {
    expect(() => read('a.spdx.json', { ...document, spdxVersion: 'SPDX-2.2' })).toFailWith('template_invalid');
  });
});

describe('a lock file', () => {
  it('of npm gives what is installed, with the line', () => {
    const packages = {
      '': { name: 'shop', version: '1.0.0' },
      'node_modules/a': { version: '1.2.3' },
      'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
      'node_modules/alias': { name: 'real', version: '3.0.0' },
      'node_modules/linked': { link: true, resolved: 'packages/linked' },
      'packages/linked': { version: '0.0.1' },
    };
    const found = read('package-lock.json', { name: 'shop', lockfileVersion: 3, packages });
    expect(found.packages).toEqual(['npm a 1.2.3 :9', 'npm @s/b 2.0.0 :12', 'npm real 3.0.0 :15']);
    expect(() => read('package-lock.json', { lockfileVersion: 1, dependencies: {} })).toFailWith('template_invalid');
  });

  it('of Go gives the modules whose code was needed', () => {
    const text =
      'github.com/A/b v1.2.3 h1:abc=\ngithub.com/A/b v1.2.3/go.mod h1:def=\nold.org/c v1.0.0/go.mod h1:ghi=\n\nx.org/d v2.0.0+incompatible h1:jkl=\n';
    expect(read('go.sum', text).packages).toEqual(['Go github.com/A/b 1.2.3 :1', 'Go x.org/d 2.0.0+incompatible :5']);
    expect(() => read('go.sum', 'just words\n')).toFailWith('template_invalid');
  });

  it('of pip gives what is pinned, and tells what is not', () => {
    const text = [
      '# comment',
      'Django==4.2.1  # why',
      'requests[security] == 2.31.0 ; python_version >= "3.8"',
      'flask>=2',
      'werkzeug==2.*',
      'cryptography==41.0.0 \\',
      '    --hash=sha256:aaaa \\',
      '    --hash=sha256:bbbb',
      '-r other.txt',
      '--index-url https://example.com',
    ].join('\n');
    const { packages, notes } = read('requirements-dev.txt', text);
    expect(packages).toEqual(['PyPI Django 4.2.1 :2', 'PyPI requests 2.31.0 :3', 'PyPI cryptography 41.0.0 :6']);
    expect(notes.map(([, count]) => count)).toEqual([2, 1]);
  });

  it('of cargo gives what came from elsewhere', () => {
    const text = [
      '# This file is automatically @generated by Cargo.',
      'version = 4',
      '',
      '[[package]]',
      'name = "shop"',
      'version = "0.1.0"',
      'dependencies = [',
      ' "serde",',
      ']',
      '',
      '[[package]]',
      'name = "serde"',
      'version = "1.0.200"',
      'source = "registry+https://example.com/index"',
      'checksum = "aa"',
    ].join('\n');
    expect(read('Cargo.lock', text).packages).toEqual(['crates.io serde 1.0.200 :11']);
    expect(() => read('Cargo.lock', 'hello')).toFailWith('template_invalid');
  });

  it('of Maven gives the dependencies whose version is in it', () => {
    const text = `<project>
  <properties><jackson.version>2.15.0</jackson.version></properties>
  <dependencies>
    <!-- <dependency><groupId>no</groupId><artifactId>no</artifactId><version>1</version></dependency> -->
    <dependency>
      <groupId>com.fasterxml.jackson.core</groupId>
      <artifactId>jackson-databind</artifactId>
      <version>\${jackson.version}</version>
      <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>a</groupId><artifactId>b</artifactId></dependency>
    <dependency><groupId>a</groupId><artifactId>c</artifactId><version>[1,2)</version></dependency>
  </dependencies>
</project>`;
    const { packages, notes } = read('app/pom.xml', text);
    expect(packages).toEqual(['Maven com.fasterxml.jackson.core:jackson-databind 2.15.0 :5']);
    expect(notes).toEqual([['a dependency whose version is not in the file itself cannot be looked up', 2]]);
  });

  it('made to be slow is read in time', () => {
    const begun = performance.now();
    read('pom.xml', '<dependency>'.repeat(80_000));
    read('pom.xml', '<!--'.repeat(200_000));
    read('requirements.txt', `a==${'1'.repeat(500_000)} \\\n`.repeat(2));
    read('requirements.txt', 'a '.repeat(500_000));
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
