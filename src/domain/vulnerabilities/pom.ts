import type { PackageList } from './package-list.ts';
import { PackageCollector } from './package-list.ts';

/**
 * `pom.xml`, as far as it can be read without Maven: dependencies with a version in the file itself. What a parent, a BOM or a profile
 * would say is not here, and a note tells how many dependencies that leaves out.
 */

// Without nesting of the same element, so that no input makes it slow; whatever has a beginning and an end is cut out without patterns.
const DEPENDENCY = /<dependency>([^<]*(?:<(?!\/?dependency>)[^<]*)*)<\/dependency>/g;
const PROPERTY = /<([\w.-]+)>([^<]*)<\/\1>/g;

export function readPom(file: string, text: string): PackageList {
  const collector = new PackageCollector(file);
  // Same length and lines, so that places stay what they are.
  const plain = without(text, '<!--', '-->');
  const properties = new Map<string, string>();
  for (const [, name = '', value = ''] of between(plain, '<properties>', '</properties>').matchAll(PROPERTY))
    properties.set(name, value.trim());
  let [at, line] = [0, 1];
  for (const found of plain.matchAll(DEPENDENCY)) {
    for (let next = plain.indexOf('\n', at); next >= 0 && next < found.index; next = plain.indexOf('\n', next + 1)) line += 1;
    at = found.index;
    const body = without(found[1] ?? '', '<exclusions>', '</exclusions>');
    const member = (name: string) => resolved(new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1]?.trim(), properties);
    const [group, artifact, version] = [member('groupId'), member('artifactId'), member('version')];
    if (group === undefined || artifact === undefined || version === undefined || /[[(,]/.test(version))
      collector.note('a dependency whose version is not in the file itself cannot be looked up');
    else if (!collector.add({ ecosystem: 'Maven', name: `${group}:${artifact}`, version, line })) break;
  }
  return collector.list();
}

/** `${name}` of the file's own properties; undefined when it is none of them. */
function resolved(text: string | undefined, properties: ReadonlyMap<string, string>): string | undefined {
  const name = /^\$\{([\w.-]+)\}$/.exec(text ?? '')?.[1];
  const value = name === undefined ? text : properties.get(name);
  return value === undefined || value === '' || value.includes('${') ? undefined : value;
}

/** The text with blanks in place of everything from a beginning to its end, or to the end of the text where it has none. */
function without(text: string, from: string, to: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (;;) {
    const begin = text.indexOf(from, at);
    if (begin < 0) return pieces.join('') + text.slice(at);
    const found = text.indexOf(to, begin + from.length);
    const end = found < 0 ? text.length : found + to.length;
    pieces.push(text.slice(at, begin), text.slice(begin, end).replace(/[^\n]/g, ' '));
    at = end;
  }
}

function between(text: string, from: string, to: string): string {
  const begin = text.indexOf(from);
  const end = begin < 0 ? -1 : text.indexOf(to, begin);
  return end < 0 ? '' : text.slice(begin + from.length, end);
}
