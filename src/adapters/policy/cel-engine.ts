import type { PolicyEngine, PolicyInput, PolicyRule, RuleOutcome } from '../../domain/policy/engine.ts';
import { checkExpression } from './cel-environment.ts';
import { CelProcess, type ProcessAnswer } from './cel-process.ts';

/** ms after which a process that nobody asks is ended; it holds some 45 MiB, and starts in 50 ms. */
const IDLE_MS = 60_000;

/** Policies in CEL (the language of ValidatingAdmissionPolicy), evaluated in a process that can be cut off. */
export function createCelEngine(): PolicyEngine {
  const host = new CelHost();
  // One template at a time: the process holds one input.
  let last: Promise<unknown> = Promise.resolve();
  return {
    check: checkExpression,
    evaluate(rules, input, signal) {
      if (rules.length === 0) return Promise.resolve([]);
      const mine = last.then(() => askAll(host, rules, input, signal));
      last = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      host.close();
    },
  };
}

/** Begins a process when there is something to ask, another one when it broke, and ends it when nobody asks any more. */
class CelHost {
  #process: CelProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  async load(input: PolicyInput): Promise<CelProcess | string> {
    if (this.#closed) return 'was not asked: the engine is closed';
    clearTimeout(this.#idle);
    if (!this.#process || this.#process.ended) this.#process = new CelProcess();
    const { error } = await this.#process.load(input);
    return error ?? this.#process;
  }

  rest(): void {
    this.#idle = setTimeout(() => this.#process?.close(), IDLE_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#process?.close();
  }
}

async function askAll(
  host: CelHost,
  rules: readonly PolicyRule[],
  input: PolicyInput,
  signal?: AbortSignal,
): Promise<RuleOutcome[]> {
  const outcomes: RuleOutcome[] = [];
  let loaded: CelProcess | string | undefined;
  try {
    for (const rule of rules) {
      signal?.throwIfAborted();
      if (loaded === undefined || (loaded instanceof CelProcess && loaded.ended)) loaded = await host.load(input);
      outcomes.push(outcomeOf(rule, loaded instanceof CelProcess ? await loaded.ask(rule) : { error: loaded }));
    }
    return outcomes;
  } finally {
    host.rest();
  }
}

function outcomeOf(rule: PolicyRule, { answer, message, error }: ProcessAnswer): RuleOutcome {
  if (error !== undefined || answer === undefined)
    return { rule, verdict: 'undecided', message: `${rule.id} could not be decided: it ${error ?? 'gave no answer'}` };
  return { rule, verdict: answer ? 'held' : 'broken', message: message ?? rule.message };
}
