import { packDirectory } from './adapters/archive/pack.ts';

/** The directory as one archive, the same bytes on every machine; for the command line, which publishes without a store. */
export function packTemplate(dir: string): Promise<Buffer> {
  return packDirectory(dir);
}
