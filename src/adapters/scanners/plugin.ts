import { ChandleryError } from '../../domain/errors.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import type { Finding, ValidationStage, ValidationSubject, Validator } from '../../domain/validation.ts';
import type { ValidatorPluginConfig } from '../../domain/validator-plugins.ts';
import { checked, denialOf, findingOf, recommendationsSchema, resultSchema } from './plugin-answers.ts';
import { type LoadedPlugin, type PluginLimits, PluginPool } from './plugin-pool.ts';
import { PluginFault, PluginThrew } from './plugin-process.ts';

/** Together below the time that a validator has (VALIDATOR_TIMEOUT_MS), so that it can say itself what was too slow. */
export const PLUGIN_LIMITS: Readonly<PluginLimits> = Object.freeze({ loadMs: 8_000, callMs: 5_000 });

/** The functions of reference 2's SecurityPlugin and QualityPlugin. */
const FUNCTIONS = {
  security: ['scanTemplate', 'validatePolicy'],
  quality: ['analyzeQuality', 'generateRecommendations'],
} as const;

/** Raised with every change of what is asked of plugins, or made of their answers. */
const VERSION = '1';

export interface ValidatorPluginOptions {
  limits?: Partial<PluginLimits>;
  /** Told why a check could not be made, in the plugin's own words, which may quote what it looked at. */
  onFailure?: (error: Error) => void;
}

/** A validator that is a module of the operator's own. */
export interface ValidatorPlugin extends Validator {
  data: NonNullable<Validator['data']>;
  /** Ends its processes. */
  close(): void;
}

/**
 * Runs the module in a process of its own (docs/adr/0028). One that throws, hangs, answers nonsense, ends its process or fills its memory fails its own check
 * with scan_blocked; the next one gets a new process.
 */
export function createValidatorPlugin(config: ValidatorPluginConfig, options: ValidatorPluginOptions = {}): ValidatorPlugin {
  const { name, kind, module, policy } = config;
  const id = `plugin/${name}`;
  const limits = { ...PLUGIN_LIMITS, ...options.limits };
  const pool = new PluginPool(module, limits);
  const failed = (error: unknown, signal: AbortSignal | undefined): unknown => {
    signal?.throwIfAborted();
    options.onFailure?.(new Error(`${id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error }));
    return blocked(id, error);
  };
  return {
    id,
    stage: kind,
    covers: `plugin ${name}`,
    version: `${VERSION}+${jsonDigest({ kind, policy })}`,
    async data(signal) {
      try {
        const { shown, exact } = await pool.version();
        return { version: `${id}@${exact}`, words: `${name} ${shown}` };
      } catch (error) {
        failed(error, signal);
        // No verdict is ever made by these rules: the check itself fails, and says so with its name.
        return { version: `${id} not loaded`, words: `${name} could not be loaded` };
      }
    },
    async validate(subject, signal) {
      try {
        return await pool.use((plugin) => {
          refuseOther(plugin, kind);
          const call = (method: string, ...args: unknown[]) => plugin.process.call(method, args, limits.callMs, signal);
          return kind === 'security' ? secure(id, subject, policy, call) : assess(id, subject, call);
        });
      } catch (error) {
        throw failed(error, signal);
      }
    },
    close: () => pool.close(),
  };
}

/** The stages that a module speaks in. Fails with config_invalid for one that is no plugin: whoever names it by hand is told at once. */
export async function stagesOfPlugin(module: string): Promise<ValidationStage[]> {
  const pool = new PluginPool(module, PLUGIN_LIMITS);
  try {
    return await pool.use(async (plugin) => {
      const stages = (['security', 'quality'] as const).filter((kind) =>
        FUNCTIONS[kind].some((method) => plugin.functions.has(method)),
      );
      for (const kind of stages) refuseOther(plugin, kind);
      if (stages.length > 0) return stages;
      throw new PluginFault(`it has none of ${Object.values(FUNCTIONS).flat().join(', ')}`);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ChandleryError('config_invalid', `${module} is no plugin: ${why}`, {}, { cause: error });
  } finally {
    pool.close();
  }
}

type Call = (method: string, ...args: unknown[]) => Promise<unknown>;

async function secure(id: string, subject: ValidationSubject, policy: unknown, call: Call): Promise<Finding[]> {
  const template = templateOf(subject);
  const { findings } = checked(resultSchema, await call('scanTemplate', template), 'scanTemplate');
  const found = findings.map((told) => findingOf(id, subject, told));
  try {
    const answer = await call('validatePolicy', template, policy);
    // Somebody who answers `false`, or a list of problems, means something by it that would be lost.
    if (answer !== null)
      throw new PluginFault('validatePolicy: it answers nothing, or throws an error with the code policy_denied');
    return found;
  } catch (error) {
    const denial = error instanceof PluginThrew ? denialOf(id, subject, error) : undefined;
    if (!denial) throw error;
    return [...found, denial];
  }
}

async function assess(id: string, subject: ValidationSubject, call: Call): Promise<Finding[]> {
  const analysis = await call('analyzeQuality', templateOf(subject));
  const { findings } = checked(resultSchema, analysis, 'analyzeQuality');
  const answer = await call('generateRecommendations', analysis);
  const recommendations = checked(recommendationsSchema, answer, 'generateRecommendations');
  const stray = recommendations.find((one) => !findings.some((told) => told.id === one.id));
  if (stray) throw new PluginFault(`generateRecommendations: there is no finding ${stray.id}`);
  const advice = new Map(recommendations.map((one) => [one.id, one.recommendation]));
  return findings.map((told) => findingOf(id, subject, { ...told, recommendation: advice.get(told.id) ?? told.recommendation }));
}

/** The template as plugins see it; the same members as ValidationSubject has, but what is the server's own. */
function templateOf(subject: ValidationSubject) {
  const { manifest, manifestText, files, readme, contentHash, archive, trust } = subject;
  const { name, version } = manifest.metadata;
  return {
    ...{
      name,
      version,
      manifest,
      manifestText,
      manifestFile: subject.manifestFile ?? 'template.yaml',
      files,
      contentHash,
      trust,
    },
    ...(readme && { readme }),
    ...(archive !== undefined && { archive }),
  };
}

function refuseOther({ functions }: LoadedPlugin, kind: ValidationStage): void {
  const missing = FUNCTIONS[kind].filter((method) => !functions.has(method));
  if (missing.length > 0) throw new PluginFault(`for the kind ${kind} it lacks ${missing.join(', ')}`);
}

/** What a plugin threw may quote the secret that it found, so only what we say ourselves is told; the log has the rest. */
function blocked(id: string, cause: unknown): ChandleryError {
  const why = cause instanceof PluginFault ? cause.message : 'it threw an error';
  return new ChandleryError('scan_blocked', why, { validator: id }, { cause });
}
