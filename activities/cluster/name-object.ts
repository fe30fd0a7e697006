import { ChandleryError } from '../../src/domain/errors.ts';

/** An error about one of many objects, saying which one it was; a cluster that does not answer says nothing about an object. */
export function namingObject(error: unknown, object: string): unknown {
  if (!(error instanceof ChandleryError) || error.code === 'cluster_unavailable' || error.message.includes(object)) return error;
  return new ChandleryError(error.code, `${object}: ${error.message}`, { ...error.details, object }, { cause: error });
}
