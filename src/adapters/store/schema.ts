import type { ColumnType, Generated } from 'kysely';
import type { RoleGrant } from '../../domain/access.ts';
import type { DeploymentRecord, InventoryItem, PlanSummary, RevisionRecord, TemplatePin } from '../../domain/deployment.ts';
import type { Decision } from '../../domain/policy/decision.ts';
import type { ScanVerdict } from '../../domain/scan-store.ts';
import type { InstallRecord } from '../../domain/store.ts';
import type { PublishedTables } from './published-schema.ts';
import type { RegistriesTable } from './registries-schema.ts';

/** The tables as kysely sees them; migrations.ts makes them. */

type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;
type Json<T> = ColumnType<T, string, string>;

interface FencesTable {
  target: string;
  fence: ColumnType<string, number | string, number | string>;
  holder: string;
  holder_started_at: ColumnType<string, number | string, number | string>;
}

interface EffectsTable {
  root: string;
  step: string;
  object: string;
  generation: number;
  operation: string;
  target: string;
  fence: ColumnType<string, number | string, never>;
  input_digest: string;
  result: Json<unknown>;
  result_digest: string;
  undo: Json<unknown> | null;
  created_at: Generated<Date>;
  undone_at: Date | null;
}

interface AttemptsTable {
  root: string;
  step: string;
  object: string;
  generation: number;
  attempt: number;
  code: string;
  message: string;
  at: Generated<Date>;
}

interface InstallsTable {
  cluster: string;
  namespace: string;
  name: string;
  registry: string;
  version: string;
  digest: string;
  content_hash: string;
  explicit: boolean;
  manifest: Json<InstallRecord['manifest']>;
  dependencies: Json<InstallRecord['dependencies']>;
  trust: Json<InstallRecord['trust']>;
  requester: string;
  operation: string;
  installed_at: Timestamp;
  decision: Json<Decision> | null;
}

interface BlobsTable {
  digest: string;
  content: string;
  size: ColumnType<string, number, never>;
  created_at: Generated<Date>;
  unused_since: Timestamp | null;
}

interface BlobChunksTable {
  content: string;
  n: number;
  data: Buffer;
}

interface UploadsTable {
  key: string;
  digest: string;
  content: string;
  created_at: Generated<Date>;
}

interface ScansTable {
  digest: string;
  ruleset: string;
  verdict: Json<ScanVerdict>;
  created_at: Generated<Date>;
}

interface TokensTable {
  hash: Buffer;
  id: Generated<string>;
  name: string;
  user_name: string;
  groups: Json<string[]>;
  roles: Json<RoleGrant[]>;
  scopes: Json<string[]> | null;
  created_at: Generated<Date>;
  created_by: string | null;
  expires_at: Date | null;
  revoked_at: Timestamp | null;
  last_used_at: Timestamp | null;
}

interface AuditTable {
  id: Generated<string>;
  at: Generated<Date>;
  actor: string;
  action: string;
  object: string;
  outcome: string;
  code: string | null;
  operation: string | null;
  detail: Json<Record<string, unknown>> | null;
  namespace: string | null;
}

interface DeploymentsTable {
  cluster: string;
  namespace: string;
  name: string;
  origin: DeploymentRecord['origin'];
  template: Json<TemplatePin>;
  state: DeploymentRecord['state'];
  /** 0 while the first is on its way */
  revision: number;
  owner: string | null;
  dependencies: Json<DeploymentRecord['dependencies']>;
  requester_user: string;
  requester_groups: Json<string[]>;
  operation: string;
  created_at: Generated<Date>;
  updated_at: Timestamp;
}

/** All that a deployment takes over from its current revision is here too, so that going back is copying. */
interface RevisionsTable {
  cluster: string;
  namespace: string;
  name: string;
  number: number;
  /** Number of the revision that was current when it began, 0 for none. */
  previous: number;
  state: RevisionRecord['state'];
  kind: RevisionRecord['kind'];
  origin: DeploymentRecord['origin'];
  template: Json<TemplatePin>;
  parameters: Json<RevisionRecord['parameters']>;
  has_values: boolean;
  values_uid: string | null;
  rendered: string;
  plan: string;
  inventory: Json<InventoryItem[]>;
  claims: Json<string[]> | null;
  dependencies: Json<DeploymentRecord['dependencies']>;
  rollback_of: number | null;
  requester_user: string;
  requester_groups: Json<string[]>;
  operation: string;
  root: string;
  generation: number;
  started_at: Generated<Date>;
  ended_at: Date | null;
  summary: Json<PlanSummary>;
  failure: Json<NonNullable<RevisionRecord['failure']>> | null;
}

interface DocumentsTable {
  kind: string;
  digest: string;
  body: Json<unknown>;
  created_at: Generated<Date>;
}

export interface Tables extends PublishedTables {
  fences: FencesTable;
  effects: EffectsTable;
  attempts: AttemptsTable;
  installs: InstallsTable;
  blobs: BlobsTable;
  blob_chunks: BlobChunksTable;
  uploads: UploadsTable;
  scans: ScansTable;
  deployments: DeploymentsTable;
  revisions: RevisionsTable;
  documents: DocumentsTable;
  registries: RegistriesTable;
  tokens: TokensTable;
  audit: AuditTable;
}
