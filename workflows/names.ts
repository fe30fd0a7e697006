import { defineSearchAttributeKey } from '@temporalio/common';
import type { OperationKind } from '../src/domain/operation.ts';

/** Names that the engine knows: of workflows and of search attributes. */

/** The workflow of each kind; its name is the function's in workflows/index.ts. */
export const WORKFLOW_TYPES = {
  install: 'installTemplate',
  uninstall: 'uninstallTemplate',
  plan: 'planDeployment',
  deploy: 'deployTemplate',
  upgrade: 'upgradeDeployment',
  rollback: 'rollbackDeployment',
  destroy: 'destroyDeployment',
  publish: 'publishTemplate',
} as const satisfies Record<OperationKind, string>;

/** No operation: it has no target and nobody asks for it. */
export const CHECK_REGISTRIES = 'checkRegistries';
/** No operation either. */
export const SWEEP_STORE = 'sweepStore';
/** Nor this. */
export const RECHECK_INSTALLED = 'recheckInstalled';

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
