import { ChandleryError } from '../errors.ts';
import type { ForeignFormat } from './format.ts';
import { PACK_FILE, packManifest } from './pack.ts';

/** The row of the table of formats: a helmdeck pack has its manifest at the root, and a name and version of its own. */
export const PACK_FORMAT: ForeignFormat = {
  name: 'helmdeck pack',
  marker: (paths) => (paths.includes(PACK_FILE) ? PACK_FILE : undefined),
  needs: (path) => path === PACK_FILE,
  ownIdentity: true,
  read(files, marker, where) {
    const text = files.text(marker);
    if (text === undefined) throw new ChandleryError('template_invalid', `${where}/${marker}: too large to be read`);
    return { format: 'helmdeck pack', manifest: packManifest(text, `${where}/${marker}`), notes: [] };
  },
};
