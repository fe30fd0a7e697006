import type { ProcessIdentity } from '../../src/embedded/process-identity.ts';
import { identityOf } from '../../src/embedded/process-identity.ts';
import type { Child } from '../lab/child.ts';
import type { Lab } from '../lab/index.ts';

/** The workers of a run: one is killed, a new one is started, and the rest carry on. */
export class WorkerPool {
  /** Every worker ever started, so that the end can look for survivors. */
  readonly identities: ProcessIdentity[] = [];
  /** Those that said they are ready, the oldest first. */
  readonly #ready: Child[] = [];
  readonly #starting = new Set<Promise<void>>();
  #failure: Error | undefined;
  #closing = false;

  constructor(private readonly lab: Pick<Lab, 'startWorker'>) {}

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#startOne()));
    this.check();
  }

  /** Kills one of those that are ready with SIGKILL and starts another without waiting for it. Answers the victim's pid. */
  async killOne(pick: number): Promise<number> {
    while (this.#ready.length === 0) {
      this.check();
      await Promise.race(this.#starting);
    }
    const [victim] = this.#ready.splice(Math.floor(pick * this.#ready.length), 1);
    if (!victim) throw new Error('there is no worker to kill');
    await victim.kill();
    void this.#startOne();
    return victim.pid;
  }

  /** Waits for those that are starting; the lab stops them all. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#starting);
  }

  /** Throws when a worker did not start, or ended without having been killed. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  #startOne(): Promise<void> {
    const started = this.#launch()
      .catch((error: Error) => {
        this.#failure ??= error;
      })
      .finally(() => this.#starting.delete(started));
    this.#starting.add(started);
    return started;
  }

  async #launch(): Promise<void> {
    const child = await this.lab.startWorker();
    const identity = identityOf(child.pid);
    if (identity) this.identities.push(identity);
    this.#ready.push(child);
    void child.exited.then(({ code, signal }) => {
      if (this.#closing || !this.#ready.includes(child)) return;
      this.#failure ??= new Error(`worker ${child.pid} ended by itself (code ${code}, signal ${signal})`);
    });
  }
}
