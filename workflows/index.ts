export { checkRegistries } from './check-registries.ts';
export { deployTemplate, upgradeDeployment } from './deploy-template.ts';
export { destroyDeployment } from './destroy-deployment.ts';
export { installTemplate } from './install-template.ts';
export { planDeployment } from './plan-deployment.ts';
export { publishTemplate } from './publish-template.ts';
export { rollbackDeployment } from './rollback-deployment.ts';
export { sweepStore } from './sweep-store.ts';
export { uninstallTemplate } from './uninstall-template.ts';
