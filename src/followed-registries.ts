import type { UsableAdded } from './added-registries.ts';
import type { AddedRegistry } from './domain/registry-store.ts';
import type { Store } from './domain/store.ts';
import type { Logger } from './logger.ts';

/** What a lost notification could leave wrong is right again after this long, milliseconds. */
const RELOAD_EVERY_MS = 60_000;

export interface FollowedSource {
  store: Pick<Store, 'registries' | 'changes'>;
  read(rows: readonly AddedRegistry[]): Promise<UsableAdded>;
}

export interface Followed {
  current(): UsableAdded;
  /** Ends when what was in the store at the call is in use here. Fails with store_unavailable. */
  reload(): Promise<void>;
  onChange(listener: () => Promise<void>): void;
  close(): void;
}

const NOTHING: UsableAdded = { registries: [], problems: [] };

/** Keeps the added registries of this process as the store has them: told by the change feed, and looked at now and then besides. */
export function followRegistries(
  source: FollowedSource | undefined,
  { log, use }: { log: Logger; use: (added: UsableAdded) => void },
): Followed {
  let current = NOTHING;
  let seen = '';
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  const listeners: Array<() => Promise<void>> = [];
  const read = async () => {
    if (!source) return;
    const rows = await source.store.registries.list();
    const found = await source.read(rows);
    const now = JSON.stringify([
      found.registries.map(({ revision }) => revision),
      found.problems,
      found.defaultName,
      found.defaultBy,
    ]);
    if (now === seen) return;
    for (const problem of found.problems) log.warn({ ...problem }, 'a registry that was added cannot be used');
    use(found);
    current = found;
    for (const listener of listeners) await listener();
    seen = now;
  };
  /** One that runs may have read before the change that somebody waits for; all who come meanwhile share the one after it. */
  const reload = (): Promise<void> => {
    waiting ??= last
      .catch(() => undefined)
      .then(() => {
        waiting = undefined;
        last = read();
        return last;
      });
    return waiting;
  };
  const inBackground = () =>
    void reload().catch((error: Error) => log.warn({ err: error }, 'the registries cannot be read again'));
  const unsubscribe = source?.store.changes.subscribe(({ type }) => {
    if (type === 'registries.changed' || type === 'resync') inBackground();
  });
  const timer = source && setInterval(inBackground, RELOAD_EVERY_MS).unref();
  return {
    current: () => current,
    reload,
    onChange: (listener) => void listeners.push(listener),
    close() {
      unsubscribe?.();
      clearInterval(timer);
    },
  };
}
