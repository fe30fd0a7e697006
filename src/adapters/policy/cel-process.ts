import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { POLICY_LIMITS, POLICY_NAMES, type PolicyInput, type PolicyRule } from '../../domain/policy/engine.ts';
import { PARSE_LIMITS } from './cel-environment.ts';
import { CEL_HOST } from './cel-host-source.ts';

/** ms for starting the process and handing it one template's input; on a loaded machine a start takes some hundred. */
const START_MS = 10_000;
/** ms beyond a rule's own time after which the process does not turn any more and is killed. */
const GRACE_MS = 5_000;

export interface ProcessAnswer {
  answer?: boolean;
  message?: string;
  error?: string;
}

type Rule = Pick<PolicyRule, 'expression' | 'messageExpression' | 'variables'>;
type Question = { prepared: Record<string, unknown> } | { load: PolicyInput } | { rule: Rule };

/**
 * A process that evaluates expressions, one after the other. Counting steps would not bound them: a regular expression runs for ever in one
 * step, and a list doubled forty times is forty steps. A thread would not, either: one that runs out of memory by a large piece at once
 * takes the whole process with it.
 */
export class CelProcess {
  readonly #child: ChildProcess;
  readonly #prepared: Promise<ProcessAnswer>;
  #waiting: { id: number; resolve(answer: ProcessAnswer): void } | undefined;
  #next = 1;
  #ended: string | undefined;

  constructor() {
    const heap = `--max-old-space-size=${POLICY_LIMITS.heapMib}`;
    // The environment holds secrets that no expression needs.
    this.#child = spawn(process.execPath, [heap, '-e', CEL_HOST], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: {},
    });
    this.#child.on('message', (answer: ProcessAnswer & { id: number }) => this.#settle(answer));
    this.#child.on('error', () => this.#end('could not be asked: its process could not be started'));
    this.#child.on('exit', () => this.#end(`broke its process down, or needed more than ${POLICY_LIMITS.heapMib} MiB`));
    this.#rest();
    const cel = pathToFileURL(createRequire(import.meta.url).resolve('@marcbachmann/cel-js')).href;
    const { ruleMs, messageLength } = POLICY_LIMITS;
    this.#prepared = this.#ask({ prepared: { names: POLICY_NAMES, limits: PARSE_LIMITS, ruleMs, messageLength, cel } }, START_MS);
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Brings the input that the following rules look at. */
  async load(input: PolicyInput): Promise<ProcessAnswer> {
    const { error } = await this.#prepared;
    return error === undefined ? this.#ask({ load: input }, START_MS) : { error };
  }

  /** An answer, or in `error` why there is none. */
  ask({ expression, messageExpression, variables }: PolicyRule): Promise<ProcessAnswer> {
    const rule: Rule = { expression, ...(messageExpression !== undefined && { messageExpression }), variables };
    return this.#ask({ rule }, POLICY_LIMITS.ruleMs + GRACE_MS);
  }

  close(): void {
    this.#end('was not asked: its process was closed');
    this.#child.kill('SIGKILL');
  }

  async #ask(question: Question, timeoutMs: number): Promise<ProcessAnswer> {
    if (this.#ended !== undefined) return { error: this.#ended };
    const id = this.#next++;
    const answer = new Promise<ProcessAnswer>((resolve) => {
      this.#waiting = { id, resolve };
    });
    const timer = setTimeout(() => {
      this.#end(`did not come to an end within ${timeoutMs} ms and was cut off`);
      this.#child.kill('SIGKILL');
    }, timeoutMs);
    this.#child.channel?.ref();
    try {
      this.#child.send({ id, ...question }, (error) => error && this.#end('broke its process down'));
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
      this.#rest();
    }
  }

  /** Nobody has to wait for a process that has nothing to do. */
  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #settle(answer: ProcessAnswer & { id: number }): void {
    if (this.#waiting?.id === answer.id) this.#waiting.resolve(answer);
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#waiting?.resolve({ error: this.#ended });
  }
}
