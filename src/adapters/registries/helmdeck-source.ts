import { ChandleryError } from '../../domain/errors.ts';

/** Where a pack catalog lies: its configured text, translated. */
export interface PackSource {
  /** as configured */
  text: string;
  indexUrl: string;
  /** What `/<path>/helmdeck-pack.yaml` is appended to. */
  root: string;
  /** Repository the packs' files can be checked out of; absent where only documents can be read. */
  repository?: { url: string; ref: string };
}

const INDEX = '/index.yaml';
/** The branch that upstream reads. */
const BRANCH = 'main';

/**
 * Translates what people configure: a GitHub repository (to its raw files on `main`), the URL of an index or of the folder above it, or a
 * `file://` URL of either. Fails with registry_invalid for a text that is none of them.
 */
export function packSource(text: string): PackSource {
  const trimmed = text.trim();
  if (trimmed === '' || !URL.canParse(trimmed)) throw invalid(text, 'is not a URL');
  const url = new URL(trimmed);
  if (!['https:', 'http:', 'file:'].includes(url.protocol)) throw invalid(text, 'must begin with https://, http:// or file://');
  if (url.search || url.hash || url.username || url.password)
    throw invalid(text, 'has a query, a fragment or a user name, which have no place here');
  if (url.protocol === 'file:' && url.host) throw invalid(text, 'names another machine; write file:/// and the path');
  if (url.hostname === 'github.com') return gitHub(text, url);
  const href = url.href.replace(/\/+$/, '');
  const root = href.endsWith(INDEX) ? href.slice(0, -INDEX.length) : href;
  return { text, indexUrl: root + INDEX, root };
}

function gitHub(text: string, url: URL): PackSource {
  const [owner, name, ...rest] = url.pathname.split('/').filter(Boolean);
  const repository = name?.replace(/\.git$/, '');
  if (!owner || !repository || rest.length > 0)
    throw invalid(text, 'must name an owner and a repository, as in https://github.com/acme/packs');
  const root = `https://raw.githubusercontent.com/${owner}/${repository}/${BRANCH}`;
  return {
    text,
    indexUrl: root + INDEX,
    root,
    repository: { url: `https://github.com/${owner}/${repository}.git`, ref: BRANCH },
  };
}

function invalid(text: string, why: string): ChandleryError {
  // A password in a mistyped URL must not reach a log.
  const shown = text.replace(/\/\/[^/@]*@/, '//...@').slice(0, 200);
  return new ChandleryError('registry_invalid', `The catalog's URL ${JSON.stringify(shown)} ${why}`);
}
