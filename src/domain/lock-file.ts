/** A lock as a person keeps it, beside what else is kept in version control: enough to install the very same bytes again, anywhere. */
import type { Lock, LockedTemplate } from './lock.ts';

/** Name of the file where none is given. */
export const LOCK_FILE = 'chandlery.lock';
/** Of the format. */
export const LOCK_VERSION = 1;
/** templates in one lock file: far more than one install needs, and with 256 KB a request can hold them */
export const MAX_LOCK_TEMPLATES = 500;

/** What a template was locked to. */
export type PinnedTemplate = Pick<LockedTemplate, 'registry' | 'name' | 'version' | 'digest' | 'dependencies'>;

export interface LockFile {
  lockVersion: typeof LOCK_VERSION;
  /** name of the template that was asked for */
  root: string;
  /** dependencies before dependents, ties by name */
  templates: PinnedTemplate[];
}

/** What of a lock is kept: what decides bytes. Equal locks give equal files. */
export function lockFileOf({ root, templates }: Lock): LockFile {
  const pinned = templates.map(({ registry, name, version, digest, dependencies }) => ({
    registry,
    name,
    version,
    digest,
    dependencies,
  }));
  return { lockVersion: LOCK_VERSION, root, templates: pinned };
}
