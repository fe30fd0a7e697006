import type { Command } from 'commander';

/** Adds the argument that names a deployment: an id, or a name in the namespace of `-n`. */
export function withDeployment(command: Command): Command {
  return command
    .argument('<deployment>', 'name of the deployment, or its id')
    .option('-n, --namespace <namespace>', 'namespace of the name', 'default');
}

export interface DeploymentOptions {
  namespace: string;
}
