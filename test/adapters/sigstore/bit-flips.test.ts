import { createHash, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { trustedKey } from '../../../src/adapters/sigstore/keys.ts';
import { signBytes } from '../../../src/adapters/sigstore/sign.ts';
import { createSignatureVerifier } from '../../../src/adapters/sigstore/verifier.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { bytesOf, type Chain, IDENTITY, ISSUER, type LooseBundle, openChain } from '../../support/sigstore/chain.ts';

const MANIFEST = 'apiVersion: chandlery.dev/v1\nkind: Template\nmetadata: {name: cache, version: 1.2.0, description: A cache.}\n';
const FILES = { 'template.yaml': MANIFEST, 'manifests/all.yaml': 'kind: ConfigMap\n', 'README.md': '# Cache\n' };
const ARCHIVE = packFiles(Object.entries(FILES).map(([path, text]) => ({ path, data: Buffer.from(text) })));
const FLIPS = 10_000;
/** Some 2 ms each on a small machine, most far less: a flip is found before any key is asked. */
const TIMEOUT_MS = 120_000;

interface Case {
  archive: Buffer;
  bundle: Buffer;
}

let chain: Chain;
let bundle: LooseBundle;
let keyBundle: Buffer;
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

beforeAll(async () => {
  chain = await openChain();
  bundle = await chain.sign(ARCHIVE);
  keyBundle = Buffer.from((await signBytes(pieces(ARCHIVE), pair.privateKey)).bundle.trimEnd());
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A generator of the same numbers in every run (mulberry32), so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function flip(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

/** How the archive and its signature are damaged: by a bit that `pick` chooses of so many. */
const DAMAGE: Record<string, (pick: (below: number) => number) => Case> = {
  archive: (pick) => ({ archive: flip(ARCHIVE, pick(ARCHIVE.length * 8)), bundle: bytesOf(bundle) }),
  manifest: (pick) => {
    const at = ARCHIVE.indexOf(MANIFEST);
    return { archive: flip(ARCHIVE, at * 8 + pick(MANIFEST.length * 8)), bundle: bytesOf(bundle) };
  },
  bundle: (pick) => {
    const bytes = bytesOf(bundle);
    return { archive: ARCHIVE, bundle: flip(bytes, pick(bytes.length * 8)) };
  },
  signature: (pick) => {
    const copy = structuredClone(bundle);
    const bytes = Buffer.from(copy.messageSignature.signature, 'base64');
    copy.messageSignature.signature = flip(bytes, pick(bytes.length * 8)).toString('base64');
    return { archive: ARCHIVE, bundle: bytesOf(copy) };
  },
  certificate: (pick) => {
    const copy = structuredClone(bundle);
    const { certificate } = copy.verificationMaterial;
    const bytes = Buffer.from(certificate.rawBytes, 'base64');
    certificate.rawBytes = flip(bytes, pick(bytes.length * 8)).toString('base64');
    return { archive: ARCHIVE, bundle: bytesOf(copy) };
  },
  'key bundle': (pick) => ({ archive: ARCHIVE, bundle: flip(keyBundle, pick(keyBundle.length * 8)) }),
};

/** Whether the pair passes for the digest that the registry promised, or for the digest of what is there. */
async function passes({ archive, bundle: bytes }: Case): Promise<boolean> {
  const verifier = createSignatureVerifier({ root: chain.root, keys: [trustedKey('release', pair.publicKey)] });
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const documents = [{ form: 'bundle', origin: 'flipped', bytes } as const];
  const requirement = { identities: [{ identity: IDENTITY, issuer: ISSUER }], keys: ['release'] };
  try {
    const verdict = await verifier.verify({ digest, read: () => pieces(archive) }, documents, requirement);
    return verdict.state !== 'refused';
  } catch (error) {
    if (error instanceof ChandleryError) return false;
    throw error;
  }
}

describe('attack: one flipped bit', () => {
  it('is never the reason why the undamaged pass', async () => {
    expect(await passes({ archive: ARCHIVE, bundle: bytesOf(bundle) })).toBe(true);
    expect(await passes({ archive: ARCHIVE, bundle: keyBundle })).toBe(true);
  });

  it(
    'anywhere in archive, manifest, signature, bundle or certificate: 10,000 random flips, all refused',
    async () => {
      const pick = numbers(20_240_611);
      const places = Object.entries(DAMAGE);
      const passed: string[] = [];
      for (let count = 0; count < FLIPS; count += 1) {
        const [place, damage] = places[count % places.length] ?? ['archive', DAMAGE.archive];
        let chosen = 0;
        const damaged = damage?.((below) => {
          chosen = pick(below);
          return chosen;
        });
        if (damaged && (await passes(damaged))) passed.push(`${place}, bit ${chosen}`);
      }
      expect(passed).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
