/** Uids by their index in the inventory, and that of the values Secret. */
export interface Uids {
  objects: Array<{ index: number; uid: string }>;
  values?: string;
}

/**
 * The uids of what an attempt applied. They are written down beside the work: a kill in between only means that an object is looked at
 * once more.
 */
export class UidLog {
  #unwritten: Uids = { objects: [] };
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly save: (uids: Uids) => Promise<void>) {}

  note(index: number, uid: string): void {
    this.#unwritten.objects.push({ index, uid });
  }

  noteValues(uid: string): void {
    this.#unwritten.values = uid;
  }

  /** Begins to write what is known by now, after what is being written. */
  write(): void {
    const { objects, values } = this.#unwritten;
    if (objects.length === 0 && values === undefined) return;
    const uids = this.#take();
    this.#writing = this.#writing.then(() => this.save(uids));
    // Whoever waits for it hears of it.
    this.#writing.catch(() => undefined);
  }

  /** Resolves when what `write` began is written; fails when it was not. */
  written(): Promise<void> {
    return this.#writing;
  }

  /** What is left to be written, for whoever writes it together with something else. */
  async rest(): Promise<Uids> {
    await this.#writing;
    return this.#take();
  }

  #take(): Uids {
    const uids = this.#unwritten;
    this.#unwritten = { objects: [] };
    return uids;
  }
}
