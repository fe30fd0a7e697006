import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** Every outbound request passes the guard: whoever could open a connection past it is named here, and why he may. */
const ROOT = new URL('../../../', import.meta.url).pathname;
const FOLDERS = ['src', 'activities', 'workflows'];
/** Imports that can open a connection, and the global that can. Types alone open nothing. */
const OPENERS = [
  /^import (?!type )[^;]*? from '(?:undici|ws|node:(?:http|https|http2|net|tls|dgram|dns|dns\/promises))'/gm,
  /^import (?!type )[^;]*? from '(?:node-fetch|axios|got)'/gm,
  /(?:await|return|=>?|[(,])\s*fetch\(/g,
];
const MAY: ReadonlyArray<[place: RegExp, why: string]> = [
  [/^src\/adapters\/http\//, 'the guarded client itself'],
  [/^src\/adapters\/git\/access\.ts$/, 'resolves names for git and asks the same policy'],
  [/^src\/adapters\/kubernetes\//, 'the API server of the configured cluster'],
  [/^src\/adapters\/scanners\/plugin-process\.ts$/, 'asks whether the pipe to its own child is a socket, and opens none'],
  [/^src\/cli\//, "runs as its user and calls that user's server"],
  [/^src\/embedded\//, 'the processes that it has started itself, on loopback'],
  [/^src\/(server|registry|worker-telemetry)\.ts$/, 'listens'],
];

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

function openers(): string[] {
  return FOLDERS.flatMap((folder) => [...filesBelow(join(ROOT, folder))])
    .filter((path) => {
      const text = readFileSync(path, 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
      return OPENERS.some((opener) => [...text.matchAll(opener)].some(([found]) => !isOnlyNames(found)));
    })
    .map((path) => relative(ROOT, path));
}

/** `isIP` and the roots of trust open nothing. */
function isOnlyNames(found: string): boolean {
  const names = /\{([^}]*)\}/.exec(found)?.[1]?.split(',') ?? [found];
  return names
    .map((name) => name.trim())
    .every((name) => name === '' || /^(type |isIP$|rootCertificates$|isIPv[46]$)/.test(name));
}

describe('connections to other machines', () => {
  it('are opened by the guarded client and by those who may, and nobody else', () => {
    const found = openers();
    expect(found).toContain('src/adapters/http/connector.ts');
    expect(found.filter((path) => !MAY.some(([place]) => place.test(path)))).toEqual([]);
  });

  it('have no exception that nobody needs', () => {
    const found = openers();
    expect(MAY.filter(([place]) => !found.some((path) => place.test(path)))).toEqual([]);
  });
});
