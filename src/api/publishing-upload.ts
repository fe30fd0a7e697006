import { createHash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { Request } from 'express';
import type { ArchiveReader } from '../domain/archive.ts';
import { DEFAULT_ARCHIVE_LIMITS } from '../domain/archive.ts';
import type { BlobStore } from '../domain/blob-store.ts';
import { ChandleryError } from '../domain/errors.ts';
import { MAX_BUNDLE_BYTES } from '../domain/signature.ts';
import type { TemplateManifest } from '../domain/template.ts';
import { MANIFEST_FILE } from '../domain/template.ts';
import { parseTemplate } from '../domain/template-parse.ts';
import { MANIFEST_YAML_LIMITS } from '../domain/yaml-limits.ts';

/** An archive on its way in: read once, while it is hashed, guarded and stored. */

const UPLOAD_LIMITS = Object.freeze({
  /** Bytes of the archive; what the guard would refuse anyway is not read to its end. */
  fileSize: DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes,
  files: 1,
  /** `registry`, `digest`, and a few that newer clients may send. */
  fields: 8,
  /** Bytes of one field; the longest is a signature. */
  fieldSize: MAX_BUNDLE_BYTES,
  fieldNameSize: 64,
  headerPairs: 32,
});
/** Boundaries and headers of the parts come on top of the archive. Bytes. */
const FORM_OVERHEAD_BYTES = MAX_BUNDLE_BYTES + 64 * 1024;

export interface StoredArchive {
  manifest: TemplateManifest;
  digest: string;
  /** bytes */
  size: number;
}

/**
 * Reads a multipart form whose field `archive` is a file; gives what `receive` made of it, with the other fields. `receive` is given those
 * that came before the file. Fails with
 * invalid_request for a form that is none, payload_too_large, network when it breaks off, and as `receive` does.
 */
export async function readUpload<Result>(
  request: Request,
  receive: (archive: AsyncIterable<Buffer>, sent: Record<string, string>) => Promise<Result>,
): Promise<{ result: Result; fields: Record<string, string> }> {
  refuseTooLong(request);
  const form = openForm(request);
  const fields: Record<string, string> = {};
  let file: Readable | undefined;
  let received: Promise<Result> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      form.on('field', (name, value, _isNameCut, isCut) => {
        if (isCut) return reject(badForm(`the field "${name.slice(0, 64)}" has more than ${UPLOAD_LIMITS.fieldSize} bytes`));
        fields[name] = value;
      });
      form.on('file', (name, stream) => {
        if (name !== 'archive' || received) {
          stream.resume();
          return reject(badForm(`there is a file "${name.slice(0, 64)}"; one file, in the field "archive", is wanted`));
        }
        file = stream;
        // Whoever reads hears of it; an error that comes when nobody reads any more must not end the process.
        stream.on('error', () => undefined);
        received = receive(whole(stream), { ...fields });
        received.catch(reject);
      });
      form.on('finish', () => {
        if (received) received.then((result) => resolve({ result, fields }), reject);
        else reject(badForm('there is no file in the field "archive"'));
      });
      form.on('error', (error) => reject(badForm(`the form cannot be read: ${(error as Error).message}`)));
      request.on('close', () => {
        if (request.complete) return;
        const broken = new ChandleryError('network', 'the upload broke off');
        file?.destroy(broken);
        reject(broken);
      });
      request.pipe(form);
    });
  } catch (error) {
    file?.destroy();
    // Whoever is told that it failed may count on nothing being left of it.
    await received?.catch(() => undefined);
    // What is still on its way is thrown away, so that the answer can be read.
    request.unpipe(form);
    request.resume();
    throw error;
  }
}

/**
 * Stores what comes in under its digest, whole or not at all. Fails with archive_invalid, too_large, payload_too_large, template_invalid,
 * and digest_mismatch where the sender named another digest.
 */
export async function storeArchive(
  { blobs, archive }: { blobs: BlobStore; archive: ArchiveReader },
  body: AsyncIterable<Buffer>,
  promised?: string,
): Promise<StoredArchive> {
  const upload = await blobs.openUpload(`publish/${randomUUID()}`, '');
  const hash = createHash('sha256');
  let size = 0;
  async function* kept(): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      size += chunk.length;
      hash.update(chunk);
      await upload.append(chunk);
      yield chunk;
    }
  }
  try {
    const { bodies } = await archive.inspect(kept(), { keep: isManifest });
    const text = bodies.get(MANIFEST_FILE)?.toString('utf8');
    if (text === undefined)
      throw new ChandleryError(
        'template_invalid',
        `the archive holds no ${MANIFEST_FILE} at its root; pack the directory itself`,
      );
    const manifest = parseTemplate(text);
    const digest = `sha256:${hash.digest('hex')}`;
    if (promised && promised !== digest)
      throw new ChandleryError('digest_mismatch', `the sender promised ${promised.slice(0, 100)}, and ${digest} arrived`);
    if (await blobs.has(digest)) await upload.discard();
    else await upload.complete(size, digest);
    return { manifest, digest, size };
  } catch (error) {
    await upload.discard();
    throw error;
  }
}

/** Nothing else is held in memory, and not one that the parser would refuse for its length. */
function isManifest(path: string, size: number): boolean {
  if (path !== MANIFEST_FILE) return false;
  const { maxBytes } = MANIFEST_YAML_LIMITS;
  if (size <= maxBytes) return true;
  throw new ChandleryError('template_invalid', `${MANIFEST_FILE} is ${size} bytes long, at most ${maxBytes} are allowed`);
}

/** The parser cuts a file that is too long; half an archive must not pass for one. */
async function* whole(stream: Readable & { truncated?: boolean }): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield chunk as Buffer;
  if (stream.truncated) throw tooLong();
}

function openForm(request: Request) {
  const type = request.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type))
    throw badForm(`it is ${type.slice(0, 100) || 'of no type'}; send multipart/form-data with a file in the field "archive"`);
  try {
    return new Busboy({ headers: { ...request.headers, 'content-type': type }, limits: UPLOAD_LIMITS });
  } catch (error) {
    throw badForm((error as Error).message);
  }
}

function refuseTooLong(request: Request): void {
  const length = Number(request.get('content-length') ?? 0);
  if (length > UPLOAD_LIMITS.fileSize + FORM_OVERHEAD_BYTES) throw tooLong();
}

function tooLong(): ChandleryError {
  return new ChandleryError('payload_too_large', `an archive may have ${UPLOAD_LIMITS.fileSize} bytes`);
}

function badForm(message: string): ChandleryError {
  return new ChandleryError('invalid_request', `body: ${message}`, { issues: [{ path: 'body', message }] });
}
