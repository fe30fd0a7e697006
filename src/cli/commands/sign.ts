import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { BUNDLE_SUFFIX } from '../../domain/signature.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSignedPath } from '../signed-path.ts';

interface SignOptions extends OutputOptions {
  key?: string;
  keyPassphraseFile?: string;
  bundle?: string;
}

export function sign(command: Command): void {
  withOutput(command)
    .argument('<path>', 'an archive, or a directory that holds a template.yaml; that one is packed to NAME-VERSION.tar here')
    .option('--key <file>', 'the private key to sign with, PEM')
    .option('--key-passphrase-file <file>', 'file that holds the passphrase of the key')
    .option('--bundle <file>', `where to write the signature (default: ARCHIVE${BUNDLE_SUFFIX})`)
    .action(run);
  withExample(command, 'chandlery sign ./redis --key release.pem');
}

async function run(path: string, { output, key, keyPassphraseFile, bundle }: SignOptions): Promise<void> {
  if (key === undefined)
    throw new CliError({
      message: 'signing without a key needs an OIDC provider, and none is configured',
      exitCode: EXIT.usage,
      guidance: `Give --key FILE, or sign an archive with \`cosign sign-blob --bundle ARCHIVE${BUNDLE_SUFFIX} ARCHIVE\`: chandlery verify reads that.`,
    });
  const signed = await readSignedPath(path);
  const { signWithKeyFile } = await import('../../signing.ts');
  const made = await signWithKeyFile(signed.read(), { keyFile: key, passphraseFile: keyPassphraseFile });
  if (made.digest !== signed.digest)
    throw new CliError({ message: `${path} changed while it was signed`, exitCode: EXIT.failed, guidance: 'Sign it again.' });
  const file = bundle ?? `${signed.archive}${BUNDLE_SUFFIX}`;
  if (signed.packed) await writeFile(signed.archive, signed.packed);
  await writeFile(file, made.bundle);
  await printAs(output, {
    body: { archive: signed.archive, digest: made.digest, bundle: file, key: made.fingerprint },
    names: () => [file],
    table: () => `${signed.archive}, ${made.digest}\nsigned with the key ${made.fingerprint}, in no transparency log: ${file}`,
  });
}
