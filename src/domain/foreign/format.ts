import type { TemplateManifest } from '../template.ts';
import type { MissingDependency } from './chart-dependencies.ts';

/** An archive that was not written for us, as far as it is looked into. */
export interface ForeignFiles {
  /** every file of the archive */
  paths: readonly string[];
  /** The text of a file that was kept; undefined where there is none, or where it was too large. */
  text(path: string): string | undefined;
}

/** What an archive of another format means as a template. Its name and version are the archive's own; see `withIdentity`. */
export interface ForeignManifest {
  /** `Helm chart`, `helmdeck pack` */
  format: string;
  manifest: TemplateManifest;
  /** Where `spec.parameters` come from. */
  parametersFrom?: 'schema' | 'inferred';
  /** Path of the readme in the archive. */
  readme?: string;
  /** What a reader should know about the translation, in words. */
  notes: string[];
  /** What it needs besides and does not bring along; a lock may name it. */
  missing?: MissingDependency[];
}

/** One row of the table of formats. */
export interface ForeignFormat {
  name: string;
  /** The file that shows that the archive is of this format; undefined when it is not. */
  marker(paths: readonly string[]): string | undefined;
  /** Whether a file's text is needed to understand the archive. */
  needs(path: string): boolean;
  /** Fails with template_invalid. `where` names the archive in errors. */
  read(files: ForeignFiles, marker: string, where: string): ForeignManifest;
  /** Name and version are the archive's own and must be the ones the registry promised. */
  ownIdentity?: boolean;
}
