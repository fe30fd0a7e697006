export { deployTemplate, upgradeDeployment } from './deploy-template.ts';
export { destroyDeployment } from './destroy-deployment.ts';
export { installTemplate } from './install-template.ts';
export { planDeployment } from './plan-deployment.ts';
export { rollbackDeployment } from './rollback-deployment.ts';
export { uninstallTemplate } from './uninstall-template.ts';
