import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createSignatureVerifier } from '../../../src/adapters/sigstore/verifier.ts';
import {
  type SignatureDocument,
  type SignatureRequirement,
  type SignatureVerdict,
  signatureNote,
} from '../../../src/domain/signature.ts';
import {
  bytesOf,
  CERTIFICATE_MINUTES,
  type Chain,
  IDENTITY,
  ISSUER,
  type LooseBundle,
  openChain,
} from '../../support/sigstore/chain.ts';

const ARCHIVE = Buffer.from('the bytes of an archive');
const OTHER = Buffer.from('the bytes of another archive');
const REQUIRED: SignatureRequirement = { identities: [{ identity: IDENTITY, issuer: ISSUER }] };
const MINUTE_MS = 60_000;

let chain: Chain;
let bundle: LooseBundle;

beforeAll(async () => {
  chain = await openChain();
  bundle = await chain.sign(ARCHIVE);
});

function subjectOf(bytes: Buffer) {
  return {
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    async *read() {
      yield bytes.subarray(0, 5);
      yield bytes.subarray(5);
    },
  };
}

function verify(document: unknown, { bytes = ARCHIVE, requirement = REQUIRED, of = chain } = {}): Promise<SignatureVerdict> {
  const documents: SignatureDocument[] = [{ form: 'bundle', origin: 'test', bytes: bytesOf(document) }];
  return createSignatureVerifier({ root: of.root, keys: [] }).verify(subjectOf(bytes), documents, requirement);
}

/** A copy with one thing changed. */
function changed(change: (copy: LooseBundle) => void): LooseBundle {
  const copy = structuredClone(bundle);
  change(copy);
  return copy;
}

function entryOf(copy: LooseBundle) {
  const [entry] = copy.verificationMaterial.tlogEntries;
  if (!entry) throw new Error('no entry');
  return entry;
}

describe('a keyless bundle', () => {
  it('is verified when the required identity signed', async () => {
    const verdict = await verify(bundle);
    expect(verdict).toMatchObject({
      state: 'verified',
      holding: [{ signer: { kind: 'keyless', identity: IDENTITY, issuer: ISSUER }, matched: true, logged: true }],
      refused: [],
    });
    expect(Date.parse(verdict.holding[0]?.signedAt ?? '')).toBeGreaterThan(Date.now());
    expect(signatureNote(verdict)).toBe(`signed by ${IDENTITY}, vouched for by ${ISSUER}`);
  });

  it('is verified with a timestamp beside the log entry', async () => {
    expect(await verify(await chain.sign(ARCHIVE, { withTimestamp: true }))).toMatchObject({ state: 'verified' });
  });

  it('is verified with an entry of Rekor 2, whose time a timestamp proves', async () => {
    expect(await verify(await chain.sign(ARCHIVE, { rekor: 2, withTimestamp: true }))).toMatchObject({ state: 'verified' });
    expect(await verify(await chain.sign(ARCHIVE, { rekor: 2 }))).toMatchObject({ state: 'refused' });
    const timed = await chain.sign(ARCHIVE, { rekor: 2, withTimestamp: true });
    Object.assign(entryOf(timed), { integratedTime: '1700000000' });
    expect(await verify(timed)).toMatchObject({
      state: 'refused',
      refused: [{ reason: expect.stringContaining('time that its log did not sign') }],
    });
    const other = await chain.sign(ARCHIVE, { rekor: 2, withTimestamp: true, loggedBytes: OTHER });
    expect(await verify(other)).toMatchObject({
      state: 'refused',
      refused: [{ reason: expect.stringContaining('digest mismatch') }],
    });
  });

  it('is told as unverified while nobody is required', async () => {
    const verdict = await verify(bundle, { requirement: {} });
    expect(verdict.state).toBe('unmatched');
    expect(signatureNote(verdict)).toBe(`signed by ${IDENTITY} (unverified identity)`);
  });

  it.each([
    ['another workflow', { identity: IDENTITY.replace('release', 'test'), issuer: ISSUER }],
    ['another issuer', { identity: IDENTITY, issuer: 'https://accounts.google.com' }],
    ['an identity that this one begins with', { identity: IDENTITY.slice(0, -1), issuer: ISSUER }],
    ['an identity that this one ends with', { identity: IDENTITY.slice(1), issuer: ISSUER }],
    ['the identity as a pattern of a regular expression', { identity: IDENTITY.replaceAll('.', '?'), issuer: ISSUER }],
    ['an empty identity', { identity: '', issuer: ISSUER }],
  ])('holds, but is not verified, when %s is required', async (_, required) => {
    expect(await verify(bundle, { requirement: { identities: [required] } })).toMatchObject({ state: 'unmatched' });
  });

  it('is not verified by a key of the same name as its identity', async () => {
    expect(await verify(bundle, { requirement: { keys: [IDENTITY] } })).toMatchObject({ state: 'unmatched' });
  });
});

describe('attack: a keyless bundle is refused', () => {
  const refused = (reason: RegExp) => ({
    state: 'refused',
    holding: [],
    refused: [{ origin: 'test', reason: expect.stringMatching(reason) }],
  });

  it('as the signature of another artifact', async () => {
    expect(await verify(bundle, { bytes: OTHER })).toMatchObject(refused(/of other bytes/));
  });

  it('as the signature of another artifact, when it claims that one’s digest', async () => {
    const claiming = changed((copy) => {
      copy.messageSignature.messageDigest.digest = createHash('sha256').update(OTHER).digest('base64');
    });
    expect(await verify(claiming, { bytes: OTHER })).toMatchObject(refused(/digest mismatch/));
  });

  it('when the archive is right and the digest it names is not', async () => {
    const wrong = await chain.sign(ARCHIVE, { loggedBytes: OTHER });
    wrong.messageSignature.messageDigest.digest = createHash('sha256').update(OTHER).digest('base64');
    expect(await verify(wrong)).toMatchObject(refused(/of other bytes/));
  });

  it('when the log entry is for another digest', async () => {
    expect(await verify(await chain.sign(ARCHIVE, { loggedBytes: OTHER }))).toMatchObject(refused(/digest mismatch/));
  });

  it('when the log entry is of another signature of the same archive', async () => {
    const other = await chain.sign(ARCHIVE);
    const mixed = changed((copy) => {
      copy.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    });
    expect(await verify(mixed)).toMatchObject(refused(/another signer/));
  });

  it('when its certificate had expired', async () => {
    const late = await openChain({ loggedAfterMs: (CERTIFICATE_MINUTES + 1) * MINUTE_MS });
    expect(await verify(await late.sign(ARCHIVE), { of: late })).toMatchObject(refused(/certificate/));
  });

  it('when its certificate was not valid yet', async () => {
    const early = await openChain({ certifiedAfterMs: 2 * MINUTE_MS });
    expect(await verify(await early.sign(ARCHIVE), { of: early })).toMatchObject(refused(/certificate/));
  });

  it('when another authority issued the certificate', async () => {
    const other = await openChain();
    expect(await verify(await other.sign(ARCHIVE))).toMatchObject(refused(/no authority/));
  });

  it('when the certificate is in no log of certificates', async () => {
    const silent = await openChain({ withoutCtLog: true });
    expect(await verify(await silent.sign(ARCHIVE), { of: silent })).toMatchObject(refused(/SCT/i));
  });

  it('when the log is another one', async () => {
    const other = await openChain();
    const root = { ...chain.root, tlogs: other.root.tlogs };
    expect(await verify(bundle, { of: { ...chain, root } })).toMatchObject(refused(/log that the trusted root does not name/));
  });

  it('without a log entry', async () => {
    const silent = changed((copy) => {
      copy.verificationMaterial.tlogEntries = [];
    });
    expect(await verify(silent)).toMatchObject(refused(/timestamp|tlog/));
  });

  it('without anything that proves the time', async () => {
    const timeless = changed((copy) => {
      const entry = entryOf(copy);
      delete entry.inclusionPromise;
      delete entry.integratedTime;
      entry.logIndex = '0';
    });
    expect(await verify(timeless)).toMatchObject(refused(/timestamps/));
  });

  it('with a timestamp of another signature', async () => {
    const [own, other] = [await chain.sign(ARCHIVE, { withTimestamp: true }), await chain.sign(OTHER, { withTimestamp: true })];
    const stamps = other.verificationMaterial.timestampVerificationData;
    if (stamps) own.verificationMaterial.timestampVerificationData = stamps;
    expect(await verify(own)).toMatchObject(refused(/timestamp/));
  });

  it.each<[string, (copy: LooseBundle) => void]>([
    ['a promise of another time', (copy) => Object.assign(entryOf(copy), { integratedTime: '1700000000' })],
    ['a promise of another place', (copy) => Object.assign(entryOf(copy), { logIndex: '1' })],
    ['another tree', (copy) => Object.assign(entryOf(copy).inclusionProof, { treeSize: '2' })],
    [
      'another root of the tree',
      (copy) => Object.assign(entryOf(copy).inclusionProof, { rootHash: Buffer.alloc(32).toString('base64') }),
    ],
    ['another leaf of the tree', (copy) => Object.assign(entryOf(copy).inclusionProof, { logIndex: '1' })],
    ['a hash too many', (copy) => Object.assign(entryOf(copy).inclusionProof, { hashes: [Buffer.alloc(32).toString('base64')] })],
    ['a checkpoint of another name', (copy) => replaceCheckpoint(copy, '\u2014 rekor.', '\u2014 rekor?')],
    ['a checkpoint that is not signed', (copy) => replaceCheckpoint(copy, /\u2014.*\n/, '')],
    ['no proof', (copy) => Object.assign(entryOf(copy), { inclusionProof: undefined })],
    ['a member nobody knows', (copy) => Object.assign(copy, { note: 'trust me' })],
    [
      'the format of before',
      (copy) => Object.assign(copy, { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }),
    ],
    ['a key beside the certificate', (copy) => Object.assign(copy.verificationMaterial, { publicKey: { hint: 'x' } })],
    [
      'an envelope beside the signature',
      (copy) => Object.assign(copy, { dsseEnvelope: { payload: 'eA==', payloadType: 'x', signatures: [{ sig: 'eA==' }] } }),
    ],
    [
      'base64 with a second meaning',
      (copy) => Object.assign(copy.messageSignature, { signature: `${copy.messageSignature.signature}\n` }),
    ],
  ])('with %s', async (_, change) => {
    expect(await verify(changed(change))).toMatchObject(refused(/./));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('sigstore')],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['a megabyte and more', Buffer.alloc(1024 * 1024 + 1, 0x20)],
  ])('that is %s', async (_, bytes) => {
    const verifier = createSignatureVerifier({ root: chain.root, keys: [] });
    const verdict = await verifier.verify(subjectOf(ARCHIVE), [{ form: 'bundle', origin: 'test', bytes }], REQUIRED);
    expect(verdict).toMatchObject(refused(/./));
  });
});

describe('several signatures', () => {
  it('are searched for the required one, and bad ones beside it are told', async () => {
    const documents: SignatureDocument[] = [
      changed((copy) => Object.assign(copy, { note: '' })),
      await chain.sign(ARCHIVE, { identity: 'https://example.org/somebody' }),
      bundle,
    ].map((each, index) => ({ form: 'bundle', origin: `number ${index}`, bytes: bytesOf(each) }));
    const verdict = await createSignatureVerifier({ root: chain.root, keys: [] }).verify(subjectOf(ARCHIVE), documents, REQUIRED);
    expect(verdict).toMatchObject({
      state: 'verified',
      holding: [
        { origin: 'number 2', matched: true },
        { origin: 'number 1', matched: false },
      ],
      refused: [{ origin: 'number 0' }],
    });
  });

  it('are looked at up to a limit', async () => {
    const endless = function* (): Generator<SignatureDocument> {
      for (;;) yield { form: 'bundle', origin: 'again', bytes: Buffer.from('{}') };
    };
    const verdict = await createSignatureVerifier({ root: chain.root, keys: [] }).verify(subjectOf(ARCHIVE), endless(), REQUIRED);
    expect(verdict.state).toBe('refused');
    expect(verdict.refused).toHaveLength(51);
  });

  it('are none: unsigned', async () => {
    const verdict = await createSignatureVerifier({ root: chain.root, keys: [] }).verify(subjectOf(ARCHIVE), [], REQUIRED);
    expect([verdict.state, signatureNote(verdict)]).toEqual(['unsigned', 'unsigned']);
    expect(signatureNote(verdict, 'acme')).toBe('signed by acme (unverified identity)');
  });
});

describe('bytes that cannot be read', () => {
  it('are an error, not a bad signature', async () => {
    const away = async function* (): AsyncGenerator<Uint8Array> {
      yield ARCHIVE;
      throw new Error('the disk is gone');
    };
    const documents: SignatureDocument[] = [{ form: 'bundle', origin: 'test', bytes: bytesOf(bundle) }];
    const verifier = createSignatureVerifier({ root: chain.root, keys: [] });
    await expect(verifier.verify({ ...subjectOf(ARCHIVE), read: away }, documents, REQUIRED)).rejects.toThrow('the disk is gone');
  });

  it('fail when they are not the ones that were meant', async () => {
    const documents: SignatureDocument[] = [{ form: 'bundle', origin: 'test', bytes: bytesOf(bundle) }];
    const verifier = createSignatureVerifier({ root: chain.root, keys: [] });
    const swapped = { digest: subjectOf(OTHER).digest, read: subjectOf(ARCHIVE).read };
    await expect(verifier.verify(swapped, documents, REQUIRED)).toFailWith('digest_mismatch');
  });
});

function replaceCheckpoint(copy: LooseBundle, from: string | RegExp, to: string): void {
  const { checkpoint } = entryOf(copy).inclusionProof;
  checkpoint.envelope = checkpoint.envelope.replace(from, to);
}
