import { IMAGES_RULE, unsignedImages } from '../image-signatures.ts';
import { isBroken, type SignatureVerdict, signatureNote } from '../signature.ts';
import { isSameSigner, signerInWords } from './facts.ts';
import type { RegistryRule } from './rule.ts';
import { SIGNATURE_HOLDS } from './waivers.ts';

/** The rules that look at signatures: of the archive, and of the images that it names. */

/** A signature that does not hold is worse than none: somebody tried. */
const signatureHolds: RegistryRule = {
  id: SIGNATURE_HOLDS,
  code: 'untrusted',
  judge({ facts: { signature } }) {
    if (!signature || signature.state === 'unsigned') return undefined;
    return {
      input: { state: signature.state, signatures: signature.holding.length, refused: signature.refused.length },
      ...(isBroken(signature) && { wrong: signatureNote(signature) }),
      fine: signatureNote(signature),
    };
  },
};

const required: RegistryRule = {
  id: 'require',
  code: 'policy_denied',
  judge({ facts: { signature, trust }, policy: { require, identities, keys } }) {
    if (require === 'none') return undefined;
    const state = signature?.state ?? 'unsigned';
    const met = state === 'verified' || (require === 'hash' && trust.verified);
    const nobody = require === 'signature' && identities.length + keys.length === 0;
    const what = require === 'hash' ? 'a sealed hash that fits, or a signature of somebody who may sign' : 'a verified signature';
    const note = state === 'unsigned' ? trust.note : noteOf(signature);
    return {
      input: { require, hash: trust.verified, signature: state },
      ...(require === 'signature' && { code: 'signature_invalid' }),
      ...(!met && { wrong: `${what} is required here: ${nobody ? 'the policy names nobody who may sign' : note}` }),
      fine: state === 'verified' ? noteOf(signature) : trust.note,
    };
  },
};

const identity: RegistryRule = {
  id: 'signer-identity',
  code: 'signature_invalid',
  judge({ facts: { signature }, policy: { identities, keys } }) {
    const [best] = signature?.holding ?? [];
    if (identities.length + keys.length === 0 || !best) return undefined;
    const signer = signerInWords(best.signer);
    return {
      input: { signer, identities: identities.map((wanted) => `${wanted.identity} (${wanted.issuer})`), keys: [...keys] },
      ...(!best.matched && { wrong: `it is signed by ${signer}, who is not among those who may sign for this registry` }),
      fine: `${signer} may sign for this registry`,
    };
  },
};

/** What somebody who took over a registry does not have: the key of before. A version without a signature is a change as well. */
const signerKept: RegistryRule = {
  id: 'signer-unchanged',
  code: 'untrusted',
  judge({ facts: { signature, signerBefore }, policy: { keepSigner } }) {
    if (!keepSigner || !signerBefore) return undefined;
    const before = signerInWords(signerBefore);
    const holding = signature?.holding ?? [];
    const now = holding.map(({ signer }) => signerInWords(signer));
    const isKept = holding.some(({ signer }) => isSameSigner(signer, signerBefore));
    const changed = now.length > 0 ? `this one by ${now.join(' and ')}` : 'this one is not signed';
    return {
      input: { before, now },
      ...(!isKept && { wrong: `earlier versions were signed by ${before}, ${changed}` }),
      fine: `the signer is the one of earlier versions, ${before}`,
    };
  },
};

const imagesSigned: RegistryRule = {
  id: IMAGES_RULE,
  code: 'signature_invalid',
  judge({ facts: { images }, policy }) {
    if (policy.images === 'any') return undefined;
    const wrong = images ? unsignedImages(images) : 'images must be signed here, and nobody looked';
    return {
      input: { images: (images ?? []).map(({ image, verified }) => ({ image, verified })) },
      ...(wrong !== undefined && { wrong }),
      fine:
        images?.length === 0
          ? 'it names no image; those of a deployment are looked at again'
          : 'every image that it names is signed',
    };
  },
};

export const SIGNATURE_RULES: readonly RegistryRule[] = [signatureHolds, required, identity, signerKept, imagesSigned];

function noteOf(signature: SignatureVerdict | undefined): string {
  return signature ? signatureNote(signature) : 'nobody looked for signatures';
}
