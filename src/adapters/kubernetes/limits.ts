/** Every bound of the adapter, with its reason. Times in ms, sizes in bytes. */
export const LIMITS = {
  /** Whole request. Below the 4 s heartbeat timeout of a step: a hanging call must fail before its worker counts as lost. */
  requestMs: 3_000,
  /** Requests on their way at once; more only wait in the API server's own queue. */
  sockets: 8,
  /** An idle connection is closed by us before the server (90 s) or a load balancer (often 60 s) closes it under a request. */
  idleSocketMs: 30_000,
  /** One object: etcd takes 1.5 MiB, and JSON with managed fields is up to twice as long. */
  objectBytes: 3 * 1024 * 1024,
  /** One page of a list. */
  pageBytes: 32 * 1024 * 1024,
  /** Objects asked for per page of a list; as kubectl does. */
  pageItems: 500,
  /** Objects a list holds unless the caller asks for another number. */
  listItems: 5_000,
  /** What is read of an answer that is an error. */
  errorBytes: 256 * 1024,
  /** The resource list of one group and version; the largest real ones have about 100 KiB. */
  discoveryBytes: 4 * 1024 * 1024,
  /** How long a resource list is believed. New kinds are seen at once (see discovery), only removed ones live on this long. */
  discoveryMs: 60_000,
  /** How long a kind counts as unknown: a CustomResourceDefinition of the same deployment is served within seconds. */
  discoveryMissMs: 2_000,
  /**
   * After this the server ends a watch, and whoever watches begins the next. Short, because only this end proves that the connection
   * lives: the server sends a bookmark only when objects of that kind have changed, so a quiet watch is quiet to its end.
   */
  watchSeconds: 30,
  /** Nothing for longer than a watch lives, with some delay: the connection is dead. */
  watchSilenceMs: 35_000,
  /** TCP keep-alive probes of a watch start after this: a host that is gone is noticed before the silence is over. */
  watchProbeMs: 10_000,
  logBytes: 256 * 1024,
  logLines: 100,
  /** Each of stdout and stderr of a command in a container. */
  execBytes: 1024 * 1024,
  /** A command in a container, unless told. */
  execMs: 60_000,
  /** How long credentials are used before the library is asked again; it re-reads token files and runs plugins by their own expiry. */
  credentialMs: 10_000,
  /** Characters of a message of the server that go into ours. */
  messageChars: 2_000,
  /** Issues, conflicts and missing rights of one failure. */
  issues: 50,
} as const;
