/** A signature that does not hold, with the reason in words. Never leaves this folder: the verifier makes an answer of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  /** `unknown`: it leads to nobody whom the trusted root or the keys name, so that nothing can be said about it. */
  constructor(
    message: string,
    readonly unknown = false,
  ) {
    super(message);
  }
}

/** Bytes of a base64 text; undefined for a text that another text stands for as well, which a changed bit could hide behind. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

const MAX_REASON_LENGTH = 300;

/** What to tell of anything that was thrown while untrusted bytes were read: the parsers throw whatever comes. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const [message, cause] = [messageOf(error), messageOf((error as { cause?: unknown } | undefined)?.cause)];
  return [message, cause].filter(Boolean).join(': ').slice(0, MAX_REASON_LENGTH) || 'it cannot be read';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
