/** The import rules of docs/architecture.md, checked. Calls go one way: cli -> (HTTP) -> api -> client -> workflows -> activities -> domain <- adapters. */
const roots = '^src/(start|server|worker|registry|seed-sources|pack-template|validation|policies|signing|signers|registries|cluster|registry-config|process|logger|config|admin-token)\\.ts$';
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|workflows|activities|tools|bench|test)/', pathNot: [from, ...allowed] },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('domain', '^src/domain/', [], 'domain imports nothing of ours'),
    only('adapters', '^src/adapters/', ['^src/domain/'], 'adapters implement the ports of domain'),
    only('activities', '^activities/', ['^src/domain/'], 'activities never import adapters'),
    only('client', '^src/client/', ['^src/domain/', '^workflows/(messages|progress|failure|index|names)\\.ts$'], 'the client is the only user of the engine'),
    only('catalog', '^src/catalog/', ['^src/domain/'], 'the catalog works on the ports of domain'),
    only('api', '^src/api/', ['^src/domain/', '^src/client/', '^src/catalog/'], 'the API starts workflows through the client, and reads the catalog'),
    only('cli', '^src/cli/', ['^src/domain/', '^src/(seed-sources|pack-template|validation|policies|signing)\\.ts$'], 'the CLI talks to the API over HTTP; seeding runs before there is one, packing before it is asked'),
    {
      name: 'workflows-pure',
      comment: 'workflow code takes types of activities and pure domain files; no Node built-in, no adapter',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^(src|activities)/', pathNot: ['^src/domain/'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'workflows-no-node', severity: 'error', from: { path: '^workflows/' }, to: { dependencyTypes: ['core'] } },
    {
      name: 'workflows-domain-pure',
      comment: 'domain files that workflows reach must not use Node built-ins',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^src/domain/(json-digest|content-hash|template-parse|yaml-limits|registries-config|deployment-label|plan/digest)' , dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'engine-only-in-client',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/client/', '^src/worker\\.ts$', '^src/embedded/'] },
      to: { path: 'node_modules/@temporalio/' },
    },
    {
      name: 'adapters-only-in-roots',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: ['^src/adapters/', roots] },
      to: { path: '^src/adapters/' },
    },
    { name: 'no-test-in-product', severity: 'error', from: { path: '^(src|workflows|activities)/' }, to: { path: '^test/' } },
    { name: 'no-dev-packages-in-product', severity: 'error', from: { path: '^(src|workflows|activities)/' }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
