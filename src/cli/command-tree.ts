import type { Command } from 'commander';

/** The tree of commands: the summary of each, and where its code is. */

export interface Leaf {
  summary: string;
  /** Adds arguments, options, help and action. */
  load: () => Promise<(command: Command) => void>;
  isDefault?: boolean;
}

export interface Branch {
  summary: string;
  example: string;
  commands: Record<string, Leaf | Branch>;
}

const REGISTRIES: Record<string, Leaf> = {
  list: {
    summary: 'list the registries, and how they are',
    load: async () => (await import('./commands/registries-list.ts')).registriesList,
    isDefault: true,
  },
  show: { summary: 'tell about one', load: async () => (await import('./commands/registries-show.ts')).registriesShow },
  health: {
    summary: 'tell how one has been answering',
    load: async () => (await import('./commands/registries-health.ts')).registriesHealth,
  },
  test: {
    summary: 'call one, and tell what stands in the way',
    load: async () => (await import('./commands/registries-test.ts')).registriesTest,
  },
  refresh: {
    summary: 'read again now what one offers',
    load: async () => (await import('./commands/registries-refresh.ts')).registriesRefresh,
  },
  add: { summary: 'add one to the server', load: async () => (await import('./commands/registries-add.ts')).registriesAdd },
  update: {
    summary: 'change one that was added',
    load: async () => (await import('./commands/registries-update.ts')).registriesUpdate,
  },
  remove: {
    summary: 'remove one that was added',
    load: async () => (await import('./commands/registries-remove.ts')).registriesRemove,
  },
};

const REGISTRIES_BRANCH: Branch = {
  summary: 'list, test, refresh, add, change and remove registries',
  example: 'chandlery registries',
  commands: REGISTRIES,
};

const MARKETPLACE = {
  search: { summary: 'find templates in every registry', load: async () => (await import('./commands/search.ts')).search },
  browse: {
    summary: 'look around by category',
    load: async () => (await import('./commands/browse.ts')).browse,
  },
  show: {
    summary: 'tell about a template, of a registry or in a directory',
    load: async () => (await import('./commands/show.ts')).show,
  },
  install: {
    summary: 'install a template with its dependencies',
    load: async () => (await import('./commands/install.ts')).install,
  },
  uninstall: { summary: 'remove an installed template', load: async () => (await import('./commands/uninstall.ts')).uninstall },
  installed: { summary: 'list what is installed', load: async () => (await import('./commands/installed.ts')).installed },
} satisfies Record<string, Leaf>;

const PUBLISHING: Record<string, Leaf> = {
  publish: {
    summary: 'publish a template to the server',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  yank: {
    summary: 'withdraw a published version: no range means it any more',
    load: async () => (await import('./commands/yank.ts')).yank,
  },
  unyank: {
    summary: 'take a yank back: ranges mean the version again',
    load: async () => (await import('./commands/yank.ts')).unyank,
  },
  rate: { summary: 'rate a template', load: async () => (await import('./commands/ratings.ts')).rate },
  ratings: { summary: 'list what users say of a template', load: async () => (await import('./commands/ratings.ts')).ratings },
  owners: {
    summary: 'list or change who may publish a template',
    load: async () => (await import('./commands/owners.ts')).owners,
  },
  verified: {
    summary: 'tell, set or remove the mark of a proven owner',
    load: async () => (await import('./commands/owners.ts')).verified,
  },
};

const DEPLOYMENTS: Record<string, Leaf> = {
  list: {
    summary: 'list deployments',
    load: async () => (await import('./commands/deployments-list.ts')).deploymentsList,
    isDefault: true,
  },
  show: { summary: 'tell about one', load: async () => (await import('./commands/deployments-show.ts')).deploymentsShow },
  resources: {
    summary: 'its objects and pods as they are in the cluster',
    load: async () => (await import('./commands/deployments-resources.ts')).deploymentsResources,
  },
  events: {
    summary: 'Kubernetes events of its objects and pods',
    load: async () => (await import('./commands/deployments-events.ts')).deploymentsEvents,
  },
  outputs: {
    summary: 'its connection details, secret ones too',
    load: async () => (await import('./commands/deployments-outputs.ts')).deploymentsOutputs,
  },
  revisions: {
    summary: 'what it was and is',
    load: async () => (await import('./commands/deployments-revisions.ts')).deploymentsRevisions,
  },
  operations: {
    summary: 'operations on it, the newest first',
    load: async () => (await import('./commands/deployments-operations.ts')).deploymentsOperations,
  },
  upgrade: {
    summary: 'give it another version or other parameters',
    load: async () => (await import('./commands/deployments-upgrade.ts')).deploymentsUpgrade,
  },
  rollback: {
    summary: 'go back to an earlier revision',
    load: async () => (await import('./commands/deployments-rollback.ts')).deploymentsRollback,
  },
  destroy: {
    summary: 'remove it; volumes are kept unless asked',
    load: async () => (await import('./commands/deployments-destroy.ts')).deploymentsDestroy,
  },
};

const TOKENS: Record<string, Leaf> = {
  create: { summary: 'make an API token', load: async () => (await import('./commands/tokens-create.ts')).tokensCreate },
  list: {
    summary: 'list API tokens, without their values',
    load: async () => (await import('./commands/tokens-list.ts')).tokensList,
    isDefault: true,
  },
  revoke: { summary: 'end an API token', load: async () => (await import('./commands/tokens-revoke.ts')).tokensRevoke },
};

const SOURCES: Record<string, Leaf> = {
  list: {
    summary: 'list the sources of a namespace',
    load: async () => (await import('./commands/sources-list.ts')).sourcesList,
    isDefault: true,
  },
  show: { summary: 'tell about one', load: async () => (await import('./commands/sources-show.ts')).sourcesShow },
  add: { summary: 'add one', load: async () => (await import('./commands/sources-add.ts')).sourcesAdd },
  edit: {
    summary: 'give one another address or label',
    load: async () => (await import('./commands/sources-edit.ts')).sourcesEdit,
  },
  remove: { summary: 'remove one', load: async () => (await import('./commands/sources-remove.ts')).sourcesRemove },
  items: { summary: 'list what they offer', load: async () => (await import('./commands/sources-items.ts')).sourcesItems },
  permissions: {
    summary: 'tell whether you may change them',
    load: async () => (await import('./commands/sources-permissions.ts')).sourcesPermissions,
  },
};

const PACKS: Record<string, Leaf> = {
  list: {
    summary: 'list the packs of the pack catalog',
    load: async () => (await import('./commands/packs-list.ts')).packsList,
    isDefault: true,
  },
  refresh: {
    summary: 'fetch the pack catalog again now',
    load: async () => (await import('./commands/packs-refresh.ts')).packsRefresh,
  },
  show: { summary: 'tell about one pack', load: async () => (await import('./commands/packs-show.ts')).packsShow },
};

const OPERATIONS: Record<string, Leaf> = {
  list: {
    summary: 'list operations, the newest first',
    load: async () => (await import('./commands/ops-list.ts')).opsList,
    isDefault: true,
  },
  show: { summary: 'tell how an operation stands', load: async () => (await import('./commands/ops-show.ts')).opsShow },
  watch: { summary: 'follow an operation until it ends', load: async () => (await import('./commands/ops-watch.ts')).opsWatch },
  cancel: {
    summary: 'stop an operation and take back what it did',
    load: async () => (await import('./commands/ops-cancel.ts')).opsCancel,
  },
  replay: {
    summary: 'take up an operation that has ended',
    load: async () => (await import('./commands/ops-replay.ts')).opsReplay,
  },
  history: {
    summary: 'print the history of an operation as JSON',
    load: async () => (await import('./commands/ops-history.ts')).opsHistory,
  },
};

const VULNERABILITIES: Record<string, Leaf> = {
  status: {
    summary: 'tell which data there are, and how old they are',
    load: async () => (await import('./commands/vulnerabilities-status.ts')).vulnerabilitiesStatus,
    isDefault: true,
  },
  import: {
    summary: 'give the server a file of advisories, in place of the one before',
    load: async () => (await import('./commands/vulnerabilities-import.ts')).vulnerabilitiesImport,
  },
};

/** Every command by its name. */
export const COMMANDS: Record<string, Leaf | Branch> = {
  ...MARKETPLACE,
  registries: REGISTRIES_BRANCH,
  render: {
    summary: 'print the objects that a template makes',
    load: async () => (await import('./commands/render.ts')).render,
  },
  plan: { summary: 'show what a deploy would do', load: async () => (await import('./commands/plan.ts')).plan },
  deploy: {
    summary: 'deploy a template, an image or a plan',
    load: async () => (await import('./commands/deploy.ts')).deploy,
  },
  launch: { summary: 'deploy a template under a name', load: async () => (await import('./commands/launch.ts')).launch },
  deployments: {
    summary: 'list, tell about, change and remove deployments',
    example: 'chandlery deployments -A',
    commands: DEPLOYMENTS,
  },
  ops: { summary: 'list, follow, cancel and replay operations', example: 'chandlery ops', commands: OPERATIONS },
  sign: { summary: 'sign a template or an archive with a key', load: async () => (await import('./commands/sign.ts')).sign },
  verify: {
    summary: 'tell who signed an archive or an image, and whether it is who you ask for',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  validate: {
    summary: 'check a directory that holds a template',
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  report: {
    summary: 'tell what validation said of a template',
    load: async () => (await import('./commands/report.ts')).report,
  },
  ...PUBLISHING,
  marketplace: {
    summary: 'the same search, browse, show, install, uninstall, installed, registries and deploy',
    example: 'chandlery marketplace search cache',
    commands: {
      ...MARKETPLACE,
      registries: REGISTRIES_BRANCH,
      deploy: {
        summary: 'deploy a template',
        load: async () => (await import('./commands/marketplace-deploy.ts')).marketplaceDeploy,
      },
    },
  },
  sources: {
    summary: 'list and change what a namespace reads items from',
    example: 'chandlery sources -n team-a',
    commands: SOURCES,
  },
  packs: {
    summary: 'list, refresh and tell about the packs of the pack catalog',
    example: 'chandlery packs',
    commands: PACKS,
  },
  'seed-sources': {
    summary: 'write sources into namespaces, in the cluster itself',
    load: async () => (await import('./commands/seed-sources.ts')).seedSources,
  },
  audit: { summary: 'read and follow the audit log', load: async () => (await import('./commands/audit.ts')).audit },
  events: {
    summary: 'tell what was found later in what is installed',
    load: async () => (await import('./commands/events.ts')).events,
  },
  vulnerabilities: {
    summary: 'tell of and import the data by which packages are judged',
    example: 'chandlery vulnerabilities',
    commands: VULNERABILITIES,
  },
  tokens: { summary: 'make, list and revoke API tokens', example: 'chandlery tokens', commands: TOKENS },
  whoami: {
    summary: 'tell what the server takes you for',
    load: async () => (await import('./commands/whoami.ts')).whoami,
  },
  version: { summary: 'tell the version', load: async () => (await import('./commands/version.ts')).version },
};
