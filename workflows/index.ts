export { installTemplate } from './install-template.ts';
export { uninstallTemplate } from './uninstall-template.ts';
