import { isTemplateName } from '../../domain/reference.ts';
import { compareVersions, isVersion } from '../../domain/versions.ts';

/** A tag that stands for a release. */
export interface ReleaseTag {
  tag: string;
  /** object id */
  id: string;
  version: string;
  /** The one template it releases; absent: everything in the repository. */
  template?: string;
}

/** `v1.2.3`, `redis-1.2.3` (as chart-releaser writes it) and `redis/v1.2.3`. */
const TAG = /^(?:(.{1,128}?)[-/])?v?((\d{1,9})\.(\d{1,9})\.(\d{1,9})([-+].{1,200})?)$/;
/** Each tag is a tree to fetch and to read. */
const MAX_TAGS = 50;

/** Judged by the rules of versions; those before are only sorted by their three numbers, for there may be a hundred thousand. */
const MAX_JUDGED = 500;

/** The newest release tags by their version, newest first; those of one template before those of all at the same version. */
export function releaseTags(tags: ReadonlyMap<string, string>): ReleaseTag[] {
  const rank = ({ template }: ReleaseTag) => (template === undefined ? 1 : 0);
  return numbered(tags)
    .slice(0, MAX_JUDGED)
    .map(({ release }) => release)
    .filter(({ version, template }) => isVersion(version) && (template === undefined || isTemplateName(template)))
    .sort((a, b) => compareVersions(b.version, a.version) || rank(a) - rank(b) || (a.tag < b.tag ? -1 : 1))
    .slice(0, MAX_TAGS);
}

function numbered(tags: ReadonlyMap<string, string>): Array<{ release: ReleaseTag; order: number[] }> {
  const found = [...tags].flatMap(([tag, id]) => {
    const [, template, version, ...numbers] = TAG.exec(tag) ?? [];
    if (version === undefined) return [];
    const release: ReleaseTag = { tag, id, version, ...(template !== undefined && { template }) };
    return [{ release, order: numbers.slice(0, 3).map(Number) }];
  });
  return found.sort(({ order: [a = 0, b = 0, c = 0] }, { order: [x = 0, y = 0, z = 0] }) => x - a || y - b || z - c);
}
