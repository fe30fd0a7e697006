import { defineSearchAttributeKey } from '@temporalio/common';

/** What the Temporal UI can list and filter by. Registered when the engine starts; nothing of ours depends on their values. */
export const SEARCH_ATTRIBUTES = {
  namespace: defineSearchAttributeKey('ChandleryNamespace', 'KEYWORD'),
  template: defineSearchAttributeKey('ChandleryTemplate', 'KEYWORD'),
  registry: defineSearchAttributeKey('ChandleryRegistry', 'KEYWORD'),
  operation: defineSearchAttributeKey('ChandleryOperation', 'KEYWORD'),
  requester: defineSearchAttributeKey('ChandleryRequester', 'KEYWORD'),
} as const;

/** Name -> Temporal type, for whoever registers them. */
export const SEARCH_ATTRIBUTE_TYPES: Readonly<Record<string, 'Keyword'>> = Object.fromEntries(
  Object.values(SEARCH_ATTRIBUTES).map((key) => [key.name, 'Keyword' as const]),
);
