import picocolors from 'picocolors';
import { isDumbTerminal } from './settings.ts';

/** Where text goes, and how much of it a terminal understands. */

export type Colors = ReturnType<typeof picocolors.createColors>;

type Stream = NodeJS.WriteStream;

/** Colours for a stream: none for a pipe or a file, none where NO_COLOR is set. */
export function colorsFor(stream: Stream): Colors {
  return picocolors.createColors(stream.isTTY === true && picocolors.isColorSupported);
}

/** Whether lines can be redrawn in place. */
export function isLive(stream: Stream): boolean {
  return stream.isTTY === true && !isDumbTerminal();
}

/** The command's product: a line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** What a person should know besides, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
