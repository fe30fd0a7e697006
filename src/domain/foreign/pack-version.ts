import { isVersion } from '../versions.ts';

/** Major, and where they are there minor, patch, pre-release and build; zeros may lead, as in dates. */
const VERSION = /^[vV]?0*(\d+)(?:\.0*(\d+))?(?:\.0*(\d+))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * The semantic version a pack's version text stands for: `v3` is 3.0.0, `1.10` is 1.10.0, `2026.05.01` is 2026.5.1, `v1.2.3-rc.1` is
 * 1.2.3-rc.1. Undefined where the text is no number at its beginning, and so has no place in an order.
 */
export function packVersion(text: string): string | undefined {
  const [, major, minor = '0', patch = '0', prerelease = '', build = ''] = VERSION.exec(text.trim()) ?? [];
  if (major === undefined) return undefined;
  const version = `${major}.${minor}.${patch}${prerelease}${build}`;
  return isVersion(version) ? version : undefined;
}
