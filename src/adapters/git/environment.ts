/** One line of git's configuration. */
export type Setting = [key: string, value: string];

/** Holds for every run, also for those that only read what was fetched. */
const BASE: readonly Setting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['core.fsmonitor', 'false'],
  // Larger files are streamed, not held in memory.
  ['core.bigFileThreshold', '16m'],
  ['core.packedGitLimit', '256m'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['credential.helper', ''],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['transfer.bundleURI', 'false'],
  // One pack file for each fetch, so that the limit on a file's size is a limit on the fetch.
  ['fetch.unpackLimit', '1'],
  ['protocol.version', '2'],
  ['protocol.allow', 'never'],
];

/** The environment of runs that stay on this machine. */
export function localEnvironment(settings: readonly Setting[] = []): Record<string, string> {
  const all = [...BASE, ...settings];
  return {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
