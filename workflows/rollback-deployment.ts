import type { DeployResult, RollbackInput } from './messages.ts';
import { Operation } from './operation.ts';
import { changeDeployment } from './pipeline.ts';

/** Back to an earlier revision, exactly as it was rendered then; the pipeline's second half. */
export async function rollbackDeployment(input: RollbackInput): Promise<DeployResult> {
  return changeDeployment(new Operation('rollback', input), 'rollback', input);
}
