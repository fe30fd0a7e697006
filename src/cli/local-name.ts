import { InvalidArgumentError } from 'commander';
import { LOCAL_REGISTRY } from '../domain/operation.ts';

/** A template of the server itself: `NAME`, or `local/NAME` as `search` prints it. Another registry is a usage error (exit code 2). */
export function localName(text: string): string {
  const own = `${LOCAL_REGISTRY}/`;
  const name = text.startsWith(own) ? text.slice(own.length) : text;
  if (name !== '' && !name.includes('/')) return name;
  throw new InvalidArgumentError('It must be a template of the server itself: NAME, without another registry.');
}
