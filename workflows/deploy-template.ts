import type { DeployInput, DeployResult, UpgradeInput } from './messages.ts';
import { Operation } from './operation.ts';
import { changeDeployment } from './pipeline.ts';

/** From a template to something that runs: what is missing is installed and deployed first; what fails is taken back. */
export async function deployTemplate(input: DeployInput): Promise<DeployResult> {
  return changeDeployment(new Operation('deploy', input), 'deploy', input);
}

/** Another version or other parameters for what runs: the same pipeline, starting from the current revision. */
export async function upgradeDeployment(input: UpgradeInput): Promise<DeployResult> {
  return changeDeployment(new Operation('upgrade', input), 'upgrade', input);
}
