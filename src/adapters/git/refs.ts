import { ChandleryError } from '../../domain/errors.ts';

/** What a repository offers: names and the objects they point to. */
export interface RemoteRefs {
  /** The default branch's commit; absent in an empty repository. */
  head?: string;
  branches: Map<string, string>;
  tags: Map<string, string>;
}

const OBJECT_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads the answer of `git ls-remote`; lines that are none are left out. */
export function parseRefs(text: string): RemoteRefs {
  const refs: RemoteRefs = { branches: new Map(), tags: new Map() };
  for (const line of text.split('\n')) {
    const [id = '', name = ''] = line.split('\t');
    if (!OBJECT_ID.test(id)) continue;
    if (name === 'HEAD') refs.head = id;
    else if (name.startsWith('refs/heads/')) refs.branches.set(name.slice('refs/heads/'.length), id);
    // `^{}` names what an annotated tag points to; the tag itself leads there too.
    else if (name.startsWith('refs/tags/') && !name.endsWith('^{}')) refs.tags.set(name.slice('refs/tags/'.length), id);
  }
  return refs;
}

/** The object of a branch, a tag or a commit id; without `ref` that of the default branch. Fails with registry_invalid. */
export function pickRef(refs: RemoteRefs, ref: string | undefined, registry: string): string {
  const found = ref === undefined ? refs.head : (refs.branches.get(ref) ?? refs.tags.get(ref));
  if (found !== undefined) return found;
  if (ref !== undefined && OBJECT_ID.test(ref)) return ref;
  const what = ref === undefined ? 'has no default branch; it may be empty' : `has no branch or tag ${JSON.stringify(ref)}`;
  throw new ChandleryError('registry_invalid', `The repository ${what}`, { registry });
}
