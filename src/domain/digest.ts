/** Names of content: `sha256:<64 lower-case hex digits>`. Pure and free of Node built-ins, so that workflows may import it. */

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a digest exactly as Chandlery writes it (lower case, with the algorithm's name). */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** The 64 hex digits of a digest. Throws a RangeError when it is not one: callers pass only what `isDigest` accepted. */
export function hexOf(digest: string): string {
  if (!isDigest(digest)) throw new RangeError(`not a sha256 digest: ${JSON.stringify(digest.slice(0, 100))}`);
  return digest.slice('sha256:'.length);
}
