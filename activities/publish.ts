import type { StepRequest } from '../src/domain/effects.ts';
import type { Target } from '../src/domain/operation.ts';
import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { PublishOutcome } from '../src/domain/published.ts';
import type { Identity } from '../src/domain/store.ts';
import type { ValidationReport } from '../src/domain/validation-report.ts';
import { dependenciesOf } from './dependency.ts';
import type { ActivityDeps } from './deps.ts';
import { createPublishElsewhere } from './publish-elsewhere.ts';
import type { StepAnswer } from './step.ts';
import { createStep } from './step.ts';
import type { PublishRequest } from './structure.ts';
import { bundleOf, subjectOf } from './structure.ts';

interface Input {
  target: Target;
  request: PublishRequest;
  requester: Identity;
  subject: string;
  report: ValidationReport & { status: 'approved' | 'needs-review' };
}

/** Makes the archive a version of the registry that the target names: this server's own, or another server's. */
export function createPublish(deps: ActivityDeps) {
  const [here, elsewhere] = [createPublishHere(deps), createPublishElsewhere(deps)];
  return (request: StepRequest<Input>): Promise<StepAnswer<PublishOutcome>> =>
    request.input.target.namespace === LOCAL_REGISTRY ? here(request) : elsewhere(request);
}

/** Writes the version, for good, in one transaction with the effect's record. The archive is a blob already. */
function createPublishHere(deps: ActivityDeps) {
  return createStep(deps, {
    recordsItself: true,
    async run({ target, request, requester, subject: digest, report }: Input, { context, inputDigest }) {
      const { manifest, contentHash, readme } = await subjectOf(deps, digest);
      const signature = await bundleOf(deps, request);
      return deps.store.published.publish(context, {
        inputDigest,
        version: {
          name: target.name,
          version: request.version,
          digest: request.digest,
          size: request.size,
          contentHash,
          manifest,
          dependencies: dependenciesOf(manifest),
          status: report.status,
          publisher: requester.user,
        },
        ...(readme && { readme: readme.text }),
        ...(signature !== undefined && { signature }),
        report,
        byScope: request.byScope ?? false,
      });
    },
    describe: ({ changed, signed, name, version }) => ({
      detail: changed
        ? `${name}@${version} is published${signed ? ', with a signature' : ''}`
        : `exactly these bytes were published already, ${signed ? 'the signature was added' : 'nothing changed'}`,
    }),
    /** A kept one must still be there: its undo, or an administrator of the database, may have taken it away. */
    async ensure({ name, version, digest }) {
      return (await deps.store.published.find(name, version))?.digest === digest;
    },
  });
}
