import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { createArchiveReader } from './adapters/archive/inspect.ts';
import { packDirectory } from './adapters/archive/pack.ts';
import { createValidatorPlugin, stagesOfPlugin, type ValidatorPlugin } from './adapters/scanners/plugin.ts';
import { secretlint } from './adapters/scanners/secretlint.ts';
import { type ArchiveSubject, archiveKeep, subjectOfArchive } from './domain/archive-subject.ts';
import { ChandleryError } from './domain/errors.ts';
import { type Judgement, judgeSubject } from './domain/judgement.ts';
import { createValidationSet, type ValidationParts, type ValidationSet } from './domain/validation-set.ts';
import { parseValidatorPlugins, type ValidatorPluginConfig } from './domain/validator-plugins.ts';

/** Composition root of validation: names the concrete scanners, for the worker and for the command line. */

/** The scanners that need nothing but the archive, and whatever else is brought along. */
export function openValidation(parts: ValidationParts = {}): ValidationSet {
  return createValidationSet({ secretLinter: secretlint, ...parts });
}

/** The operator's own modules; `onFailure` is told why a check of theirs could not be made. */
export function openValidatorPlugins(
  configs: readonly ValidatorPluginConfig[],
  onFailure: (error: Error) => void,
): { validators: ValidatorPlugin[]; close(): void } {
  const validators = configs.map((config) => createValidatorPlugin(config, { onFailure }));
  return {
    validators,
    close() {
      for (const validator of validators) validator.close();
    },
  };
}

/** What a path given by hand names: a module, in every stage it speaks in, or a file such as CHANDLERY_VALIDATORS. Fails with config_invalid. */
export async function validatorPluginsAt(path: string): Promise<ValidatorPluginConfig[]> {
  const module = resolve(path);
  if (/\.ya?ml$/.test(path)) {
    const text = await readFile(path, 'utf8').catch((cause: Error) => {
      throw new ChandleryError('config_invalid', `${path} cannot be read`, {}, { cause });
    });
    return parseValidatorPlugins(text, module);
  }
  const stages = await stagesOfPlugin(module);
  const name =
    basename(path, extname(path))
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'plugin';
  return stages.map((kind) => ({ name, kind, module, policy: {} }));
}

/** Packs a directory as publishing would, and judges the very same bytes, without a server. Fails as packing and reading do. */
export async function judgeDirectory(
  dir: string,
  set: ValidationSet = openValidation(),
  signal?: AbortSignal,
): Promise<Judgement & Pick<ArchiveSubject, 'subject'>> {
  const packed = await packDirectory(dir);
  const source = async function* () {
    yield packed;
  };
  const options = { keep: archiveKeep(), streams: set.streams, ...(signal && { signal }) };
  const archive = await createArchiveReader().inspect(source(), options);
  const digest = `sha256:${createHash('sha256').update(packed).digest('hex')}`;
  const { subject } = subjectOfArchive(archive, dir, digest);
  return { subject, ...(await judgeSubject(set, subject, signal)) };
}
