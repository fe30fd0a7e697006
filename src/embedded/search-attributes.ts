import { Connection } from '@temporalio/client';

export type SearchAttributeType = 'Keyword' | 'Text' | 'Int' | 'Datetime';
export type SearchAttributes = Readonly<Record<string, SearchAttributeType>>;

/** Numbers of Temporal's IndexedValueType, fixed by its protocol. */
const INDEXED_VALUE_TYPE = { Text: 1, Keyword: 2, Int: 3, Datetime: 6 } as const satisfies Record<SearchAttributeType, number>;
const DEADLINE_MS = 10_000;

/**
 * Registers the search attributes that the namespace does not have yet. On a dev server they are there at once, on a cluster within
 * seconds. Needs the right to change the namespace.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  attributes: SearchAttributes,
): Promise<void> {
  const wanted = Object.entries(attributes);
  if (wanted.length === 0) return;
  await connection.withDeadline(Date.now() + DEADLINE_MS, async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = wanted.filter(([name]) => !Object.hasOwn(customAttributes ?? {}, name));
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  });
}

/** The same for a Temporal of somebody else, at host:port. */
export async function registerSearchAttributes(address: string, namespace: string, attributes: SearchAttributes): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await ensureSearchAttributes(connection, namespace, attributes);
  } finally {
    await connection.close();
  }
}
