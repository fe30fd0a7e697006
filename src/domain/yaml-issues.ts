import type { z } from 'zod';
import type { ErrorIssue } from './errors.ts';
import { pointerOf } from './json-pointer.ts';
import type { YamlDocument } from './yaml-limits.ts';

/** What a schema has against a document, each with its line and column: an unknown member at its key, anything else at its value. */
export function issuesIn(error: z.ZodError, document: YamlDocument): ErrorIssue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [issueAt(path, issue.message, document, 'value')];
    return issue.keys.map((key) => issueAt([...path, key], 'is not known here', document, 'key'));
  });
}

export function issueAt(path: readonly string[], message: string, document: YamlDocument, part: 'key' | 'value'): ErrorIssue {
  const pointer = path.reduce((parent, key) => pointerOf(parent, key), '');
  return { path: path.join('.'), message, ...document.locate(pointer, part) };
}
