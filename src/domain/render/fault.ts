import type { ChandleryError } from '../errors.ts';
import { pointerOf } from '../json-pointer.ts';
import { parameterFailure } from '../parameters/failure.ts';
import { MANIFEST_FILE } from '../template.ts';
import { issuesFailure } from '../yaml-limits.ts';

/** The failure for a fault of template.yaml itself; its place is a JSON pointer. */
export function templateFault(pointer: string, message: string): ChandleryError {
  return issuesFailure('template_invalid', MANIFEST_FILE, [{ path: pointer, message }]);
}

function related(place: string, pointer: string): boolean {
  return place === pointer || place.startsWith(`${pointer}/`) || pointer.startsWith(`${place}/`);
}

/**
 * The failure for a place of a rendered tree that is not right: of the parameters it came from, where it came from any (`sources`, as
 * substitute gives them), else of the template.
 */
export function faultAt(
  sources: ReadonlyMap<string, readonly string[]>,
  pointer: string,
  shownAt: string,
  message: string,
  otherwise: (pointer: string, message: string) => ChandleryError,
): ChandleryError {
  const names = new Set([...sources].flatMap(([place, found]) => (related(place, pointer) ? found : [])));
  if (names.size === 0) return otherwise(shownAt, message);
  return parameterFailure([...names].map((name) => ({ path: pointerOf('', name), message: `${message} (in ${shownAt})` })));
}
