import type { OperationView } from '../domain/operation.ts';
import { EXIT } from './exit-codes.ts';
import { CliError, troubleOfOperation } from './failure.ts';
import type { HttpClient } from './http.ts';
import type { Format } from './output.ts';
import { printAs } from './output.ts';
import { Screen } from './screen.ts';
import { changeLines } from './steps-lines.ts';
import { renderOperation } from './steps-view.ts';
import { colorsFor, isLive, note } from './terminal.ts';
import { watchOperation } from './watch.ts';

/** Waits for an operation with its progress on the screen, and ends the command as the operation ended. */

/** Ten pictures a second: smooth for a spinner, nothing for the terminal. Milliseconds. */
const REDRAW_MS = 100;
const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

interface Progress {
  show(operation: OperationView): void;
  trouble(text: string | undefined): void;
  end(): void;
}

/**
 * Shows the operation until it ends. With `table` progress is the product and goes to stdout; with the other formats it goes to stderr,
 * and stdout holds the operation as it ended, or its id. Fails with a CliError unless it succeeded.
 */
export async function waitForOperation(client: HttpClient, id: string, format: Format): Promise<OperationView> {
  const operation = await watched(client, id, format === 'table' ? process.stdout : process.stderr);
  if (format !== 'table') await printAs(format, { body: operation, names: () => [operation.id], table: () => '' });
  return succeeded(operation);
}

/** The same where something else than the operation is the product: progress goes to stderr, and nothing to stdout. */
export async function followOperation(client: HttpClient, id: string): Promise<OperationView> {
  return succeeded(await watched(client, id, process.stderr));
}

function succeeded(operation: OperationView): OperationView {
  const trouble = troubleOfOperation(operation);
  if (trouble) throw new CliError(trouble);
  return operation;
}

async function watched(client: HttpClient, id: string, stream: NodeJS.WriteStream): Promise<OperationView> {
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupt.abort(interrupted(id, signal));
  // Both leave the terminal as it was; a second Ctrl-C ends the process at once.
  for (const signal of STOPPING) process.once(signal, onSignal);
  const progress = isLive(stream) ? liveProgress(stream) : plainProgress(stream);
  try {
    return await watchOperation(client, id, {
      signal: interrupt.signal,
      onOperation: (operation) => progress.show(operation),
      onTrouble: (text) => progress.trouble(text),
    });
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    for (const signal of STOPPING) process.removeListener(signal, onSignal);
    progress.end();
  }
}

function interrupted(id: string, signal: NodeJS.Signals): CliError {
  return new CliError({
    message: 'stopped watching; the operation goes on',
    exitCode: signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted,
    guidance: `Watch it again with \`chandlery ops watch ${id}\`, or stop it with \`chandlery ops cancel ${id}\`.`,
  });
}

const WAITING = 'waiting for the server; the operation goes on without it';

function plainProgress(stream: NodeJS.WriteStream): Progress {
  let before: OperationView | undefined;
  return {
    show(operation) {
      for (const line of changeLines(before, operation)) stream.write(`${line}\n`);
      before = operation;
    },
    trouble: (text) => note(text === undefined ? 'the server answers again' : `${text}; ${WAITING}`),
    end: () => undefined,
  };
}

function liveProgress(stream: NodeJS.WriteStream): Progress {
  const screen = new Screen(stream);
  const colors = colorsFor(stream);
  let operation: OperationView | undefined;
  let lost: string | undefined;
  let frame = 0;
  const lines = () => {
    const drawn = operation ? renderOperation(operation, { now: Date.now(), frame, width: screen.columns, colors }) : [];
    return lost === undefined ? drawn : [...drawn, colors.yellow(`${lost}; ${WAITING}`)];
  };
  const redraw = () => {
    frame += 1;
    screen.draw(lines());
  };
  const timer = setInterval(redraw, REDRAW_MS);
  return {
    show(next) {
      operation = next;
    },
    trouble(text) {
      lost = text;
    },
    end() {
      clearInterval(timer);
      screen.finish(lines());
    },
  };
}
