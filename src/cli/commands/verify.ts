import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ChandleryError } from '../../domain/errors.ts';
import {
  BUNDLE_SUFFIX,
  checkIdentity,
  type SignatureDocument,
  type SignatureRequirement,
  type SignatureVerdict,
  type SignedSubject,
  signatureNote,
} from '../../domain/signature.ts';
import { gather } from '../arguments.ts';
import { withExample } from '../example.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { environmentValue } from '../settings.ts';
import { readSignedPath } from '../signed-path.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface VerifyOptions extends OutputOptions {
  key?: string[];
  identity?: string;
  issuer?: string;
  bundle?: string;
  trustedRoot?: string;
}

export function verify(command: Command): void {
  withOutput(command)
    .argument('<what>', 'an archive, a directory that holds a template.yaml, or oci://HOST/REPOSITORY:TAG')
    .option('--key <file>', 'a public key, PEM; again for more', gather)
    .option(
      '--identity <identity>',
      'who must have signed: an e-mail address or the URI of a workflow; * stands for any characters',
    )
    .option('--issuer <url>', 'the OIDC provider that must have vouched for the identity')
    .option('--bundle <file>', `the signature (default: ARCHIVE${BUNDLE_SUFFIX})`)
    .option('--trusted-root <file>', "your own Sigstore's trusted_root.json (default: the public one's, as of this release)")
    .action(run);
  withExample(command, 'chandlery verify redis-7.2.5.tar --key release.pub');
}

async function run(what: string, options: VerifyOptions): Promise<void> {
  const requirement = requirementOf(options);
  const { openVerifier } = await import('../../signing.ts');
  const verifier = await openVerifier({ keyFiles: options.key ?? [], trustedRootFile: options.trustedRoot });
  const found = await open(what, options.bundle);
  try {
    const verdict = await verifier.verify(found.subject, found.documents, requirement);
    await tell(what, found.subject, verdict, options);
  } finally {
    await found.close();
  }
}

function requirementOf({ key, identity, issuer }: VerifyOptions): SignatureRequirement {
  if ((identity === undefined) !== (issuer === undefined))
    throw new CliError({
      message: '--identity and --issuer belong together',
      exitCode: EXIT.usage,
      guidance: 'Give both, or neither.',
    });
  const identities = identity !== undefined && issuer !== undefined ? [checkIdentity({ identity, issuer }, '--identity')] : [];
  return { identities, keys: key ?? [] };
}

interface Opened {
  subject: SignedSubject;
  documents: Iterable<SignatureDocument> | AsyncIterable<SignatureDocument>;
  close(): Promise<void>;
}

async function open(what: string, bundle: string | undefined): Promise<Opened> {
  if (/^(oci|https?):\/\//.test(what)) {
    const { openRemote } = await import('../../signing.ts');
    const config = join(environmentValue('DOCKER_CONFIG') ?? join(homedir(), '.docker'), 'config.json');
    const { digest, documents, close } = await openRemote(what, config).catch((error: unknown) => Promise.reject(inWords(error)));
    return { subject: { digest }, documents, close };
  }
  const { digest, read, archive } = await readSignedPath(what);
  const { readBundleFile } = await import('../../signing.ts');
  const file = bundle ?? `${archive}${BUNDLE_SUFFIX}`;
  const bytes = await readBundleFile(file);
  if (!bytes && bundle === undefined) note(`there is no ${oneLine(file)}`);
  if (!bytes && bundle !== undefined) throw new CliError({ message: `there is no ${file}`, exitCode: EXIT.notFound });
  return {
    subject: { digest, read },
    documents: bytes ? [{ form: 'bundle', origin: file, bytes }] : [],
    close: async () => undefined,
  };
}

/** What the catalogue advises speaks of templates and operations; here it is one reference, asked by a person. */
function inWords(error: unknown): unknown {
  if (!(error instanceof ChandleryError)) return error;
  const { code, message } = error;
  const guidance =
    code === 'invalid_reference' ? {} : { guidance: 'Check the reference, the registry and your login to it, and verify again.' };
  return new CliError({ message, code, exitCode: exitCodeOf(code), ...guidance });
}

async function tell(what: string, { digest }: SignedSubject, verdict: SignatureVerdict, options: VerifyOptions): Promise<void> {
  const { output, key, identity } = options;
  const summary = signatureNote(verdict);
  await printAs(output, {
    body: { subject: digest, note: summary, ...verdict },
    names: () => (verdict.state === 'verified' ? [digest] : []),
    table: () => `${what}, ${digest}\n${oneLine(summary)}`,
  });
  for (const { origin, reason } of verdict.refused) note(oneLine(`${origin}: ${reason}`));
  if (verdict.state === 'verified') return;
  const isAsked = key !== undefined || identity !== undefined;
  throw new CliError({
    message: isAsked ? `${what} is not signed by whom you ask for` : `whether ${what} is signed by the right one was not asked`,
    code: 'signature_invalid',
    // Never a success: a script that asks for nobody would take any signature for the right one.
    exitCode: EXIT.failed,
    guidance: isAsked
      ? 'Do not use it before you know why.'
      : 'Say who must have signed: --key FILE, or --identity WHO with --issuer URL.',
  });
}
