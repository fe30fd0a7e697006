import type { CatalogueEntry } from './entry.ts';

/** Registries that are managed over the API. */
export const REGISTRY_ERRORS = {
  registry_exists: {
    status: 409,
    title: 'There is a registry of this name',
    guidance: 'Choose another name, or change the one that is there.',
  },
  registry_from_file: {
    status: 409,
    title: "The server's own configuration decides here",
    guidance: 'Change registries.yaml and start the servers again.',
  },
  registry_changed: {
    status: 412,
    title: 'Somebody else has changed the registry',
    guidance: 'Read it again, and repeat the change with its new ETag if it is still wanted.',
  },
  registry_test_failed: {
    status: 422,
    title: 'The registry did not pass the test of its connection',
    guidance: 'Correct what `detail` names, or send it without `test=true`.',
    registry: 'connection',
  },
} as const satisfies Record<string, CatalogueEntry>;
