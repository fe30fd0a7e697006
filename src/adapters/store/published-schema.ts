import type { ColumnType, Generated } from 'kysely';
import type { PublishedVersion } from '../../domain/published.ts';
import type { ValidationReport } from '../../domain/validation-report.ts';

/** The tables of what is published as kysely sees them; published-migration.ts makes them. */

type Json<T> = ColumnType<T, string, string>;

export interface PublishedTables {
  published_names: {
    name: string;
    owners: Json<string[]>;
    /** the one that brought the name */
    operation: string;
    created_at: Generated<Date>;
  };
  published_versions: {
    name: string;
    version: string;
    digest: string;
    size: ColumnType<string, number, never>;
    content_hash: string;
    manifest: Json<PublishedVersion['manifest']>;
    dependencies: Json<PublishedVersion['dependencies']>;
    readme: string | null;
    report: Json<ValidationReport>;
    status: PublishedVersion['status'];
    publisher: string;
    operation: string;
    published_at: Generated<Date>;
    yanked_at: Date | null;
    yanked_by: string | null;
    yank_reason: string | null;
  };
  published_signatures: {
    name: string;
    version: string;
    /** `sha256:<hex>` of the bundle */
    digest: string;
    bundle: string;
    operation: string;
    at: Generated<Date>;
  };
  published_state: { one: boolean; revision: ColumnType<string, never, never> };
  template_ratings: {
    name: string;
    user_name: string;
    rating: number;
    comment: string | null;
    at: ColumnType<Date, Date | undefined, Date>;
  };
  template_marks: { name: string; marked_by: string; note: string; at: ColumnType<Date, Date | undefined, Date> };
  template_downloads: {
    name: string;
    version: string;
    count: ColumnType<string, number, number>;
    last_at: ColumnType<Date, Date | undefined, Date>;
  };
}
