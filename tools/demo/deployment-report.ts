import type { PlanSummary, RevisionKind, RevisionState } from '../../src/domain/deployment.ts';
import type { AuditCount } from './cluster-view.ts';

/** What the second half of the demo found out, for `--json`. Each member is there once its chapter has been told. */
export interface DeploymentReport {
  cluster?: { server: string; version: string; seconds: number };
  /** Whom Kubernetes sees. */
  actsAs?: { user: string; groups: string[]; namespace: string };
  /** Where that user may nothing. */
  refused?: { namespace: string; status: number; code: string; message: string };
  plan?: { digest: string; summary: PlanSummary };
  kill?: {
    /** pid of the worker that got SIGKILL while it applied */
    worker: number;
    /** pid of the one that took the step up */
    successor: number;
    step: string;
    attempts: number;
    /** Objects of shop that were there when it was killed, and of those how many were made again. */
    objectsBefore: number;
    madeAgain: number;
  };
  outputs?: Array<{ deployment: string; name: string; secret: boolean; value?: string }>;
  upgrade?: { digest: string; summary: PlanSummary; revision: number };
  failedUpgrade?: { code: string; message: string; undone: boolean; image: string };
  revisions?: Array<{ deployment: string; number: number; state: RevisionState; kind: RevisionKind; template: string }>;
  /** Changes in the namespace through Chandlery's credential, from the API server's own log. */
  audit?: AuditCount;
  /** What destroying left in the namespace. */
  left?: string[];
}
