import type { TemplatePin } from '../src/domain/deployment.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import { areWaived, judgeImages, unsignedImages } from '../src/domain/image-signatures.ts';
import { EMPTY_BOOK } from '../src/domain/policy/book.ts';
import { policyFor } from '../src/domain/policy/registry-policy.ts';
import type { Identity } from '../src/domain/store.ts';
import type { ActivityDeps } from './deps.ts';
import { registriesFor } from './source-registries.ts';

/**
 * The images that would run, parameters and all, held against the policy of the template's registry: an install has seen those only that the
 * archive names itself. Fails with signature_invalid, and as the registries do.
 */
export async function checkImages(
  deps: ActivityDeps,
  { requester, signal }: { requester: Identity; signal: AbortSignal },
  { registry: name, name: template, version }: TemplatePin,
  images: readonly string[],
): Promise<void> {
  const book = deps.policies?.book ?? EMPTY_BOOK;
  // A registry that is not there any more must not stand in the way where nobody demands anything of it.
  if (images.length === 0 || !book.registryPolicies.some((entry) => entry.images !== undefined)) return;
  const registry = await findRegistry(registriesFor(deps, requester), name);
  const { images: requirement } = policyFor(registry, book.registryPolicies);
  if (requirement === 'any' || areWaived(book, { registry: name, template, version }, Date.now())) return;
  const wrong = unsignedImages(await judgeImages(images, requirement, { signatures: deps.images, signal }));
  if (wrong === undefined) return;
  throw new ChandleryError('signature_invalid', `${template}@${version} from ${name} is refused by policy: ${wrong}`, {
    registry: name,
    template: `${template}@${version}`,
  });
}
