import { open, stat } from 'node:fs/promises';

/** One request that changed, or would have changed, something; from the API server's own audit log. */
export interface AuditEntry {
  at: string;
  /** Whom the request was made as. */
  user: string;
  verb: string;
  /** `deployments`, with a subresource `deployments/scale`; '' for none */
  resource: string;
  name: string;
  code: number;
  uri: string;
  dryRun: boolean;
  /** A server-side apply that was carried out. */
  apply: boolean;
  /** 201 of a create or an apply: the object was not there before. */
  created: boolean;
  /** What was sent; never for Secrets. */
  // biome-ignore lint/suspicious/noExplicitAny: looked into freely by tests
  body?: any;
}

const CHANGES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Reads a cluster's audit log from where it ended when the test began: it is shared, and grows with every test. */
export class AuditLog {
  private constructor(
    private readonly file: string,
    private readonly from: number,
  ) {}

  static async open(file: string): Promise<AuditLog> {
    return new AuditLog(file, (await stat(file)).size);
  }

  /** The changes in one namespace, oldest first. */
  async changes(namespace: string): Promise<AuditEntry[]> {
    const lines = (await this.text()).split('\n').filter((line) => line.includes(`"namespace":"${namespace}"`));
    return lines
      .map((line) => JSON.parse(line))
      .filter((event) => event.objectRef?.namespace === namespace && CHANGES.includes(event.verb))
      .map(entryOf)
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  private async text(): Promise<string> {
    const handle = await open(this.file);
    try {
      const { size } = await handle.stat();
      // A log that was rotated meanwhile begins anew.
      const from = size < this.from ? 0 : this.from;
      const buffer = Buffer.alloc(size - from);
      await handle.read(buffer, 0, buffer.length, from);
      const text = buffer.toString('utf8');
      return text.slice(0, text.lastIndexOf('\n') + 1);
    } finally {
      await handle.close();
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: an event as the API server writes it
function entryOf(event: any): AuditEntry {
  const { resource = '', subresource, name = '' } = event.objectRef;
  const uri = String(event.requestURI);
  const dryRun = uri.includes('dryRun=All');
  const code = event.responseStatus?.code ?? 0;
  const applying = event.verb === 'patch' && uri.includes('fieldManager=chandlery');
  return {
    at: event.requestReceivedTimestamp,
    user: (event.impersonatedUser ?? event.user).username,
    verb: event.verb,
    resource: subresource ? `${resource}/${subresource}` : resource,
    name,
    code,
    uri,
    dryRun,
    apply: applying && !dryRun && code < 300,
    created: code === 201 && !dryRun && (event.verb === 'create' || applying),
    ...(event.requestObject !== undefined && { body: event.requestObject }),
  };
}
