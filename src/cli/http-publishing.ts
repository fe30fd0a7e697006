import type { Rating, VerifiedMark, Yanked } from '../domain/published.ts';
import type { JsonCall } from './http-deployments.ts';

/** The API's publishing as the CLI uses it. Every method fails with a CliError. */

export interface PublishAccepted {
  /** Id of the operation. */
  operation: string;
  joined: boolean;
  name: string;
  version: string;
  digest: string;
  /** Absent from an older server, which publishes to itself. */
  registry?: string;
}

export interface YankState {
  name: string;
  version: string;
  yanked: Yanked | null;
}

export interface Ratings {
  name: string;
  rating?: number;
  ratingCount: number;
  ratings: Rating[];
}

export interface Owners {
  name: string;
  owners: string[];
}

export interface Verified {
  name: string;
  verified: VerifiedMark | null;
}

/** 256 MiB at 1 MB/s, and a little. */
const UPLOAD_TIMEOUT_MS = 5 * 60_000;

const templatePath = (name: string) => `api/v1/templates/${encodeURIComponent(name)}`;
const versionPath = (name: string, version: string) => `${templatePath(name)}/versions/${encodeURIComponent(version)}`;

export function publishingCalls(json: JsonCall) {
  return {
    publish: (archive: Uint8Array<ArrayBuffer>, { registry, signature }: { registry?: string; signature?: string } = {}) => {
      const form = new FormData();
      if (signature !== undefined) form.set('signature', signature);
      form.set('archive', new Blob([archive]), 'template');
      return json<PublishAccepted>('operation', {
        ...{ method: 'POST', path: 'api/v1/templates', form, timeoutMs: UPLOAD_TIMEOUT_MS },
        query: { registry },
      });
    },
    yank: (name: string, version: string, reason: string) =>
      json<YankState>('yanked', { method: 'POST', path: `${versionPath(name, version)}/yank`, body: { reason } }),
    unyank: (name: string, version: string) =>
      json<YankState>('yanked', { method: 'POST', path: `${versionPath(name, version)}/unyank` }),
    rate: (name: string, body: { rating: number; comment?: string }) =>
      json<Ratings>('ratings', { method: 'POST', path: `${templatePath(name)}/ratings`, body }),
    ratings: (name: string, limit: number) =>
      json<Ratings>('ratings', { path: `${templatePath(name)}/ratings`, query: { limit } }),
    owners: (name: string) => json<Owners>('owners', { path: `${templatePath(name)}/owners` }),
    setOwners: (name: string, owners: string[]) =>
      json<Owners>('owners', { method: 'PUT', path: `${templatePath(name)}/owners`, body: { owners } }),
    verified: (name: string) => json<Verified>('verified', { path: `${templatePath(name)}/verified` }),
    verify: (name: string, note: string) =>
      json<Verified>('verified', { method: 'PUT', path: `${templatePath(name)}/verified`, body: { note } }),
    unverify: (name: string) => json<Verified>('verified', { method: 'DELETE', path: `${templatePath(name)}/verified` }),
  };
}
