import { ChandleryError } from '../errors.ts';
import { SCANNER_FORMATS, type ScannerFormat } from './scanner-report.ts';

/** The operator's own scanner, as it is configured. */
export interface ScannerCommandConfig {
  format: ScannerFormat;
  /** Program and arguments. */
  command: [string, ...string[]];
  /** The program's whole environment. */
  env: Record<string, string>;
}

/** Where the directory with the lists goes in the command. */
export const SCAN_DIRECTORY = '{dir}';
/** What a scanner needs of the server's environment: to be found, and to find its own data. Credentials of the server are none of it. */
const PASSED_ON = /^(PATH|HOME|TMPDIR|XDG_CACHE_HOME|(TRIVY|GRYPE)_[A-Z0-9_]+)$/;

/** Reads a command, words between blanks; whose report it prints is told by the program's name. Fails with config_invalid. */
export function parseScannerCommand(text: string, env: Readonly<Record<string, string | undefined>>): ScannerCommandConfig {
  const [program = '', ...args] = text.trim().split(/\s+/);
  const name = program.slice(program.lastIndexOf('/') + 1);
  const format = SCANNER_FORMATS.find((candidate) => name.startsWith(candidate));
  if (format === undefined)
    throw new ChandleryError(
      'config_invalid',
      `the scanner "${name}" is not known; its program must be called ${SCANNER_FORMATS.join(' or ')}`,
    );
  if (!args.some((part) => part.includes(SCAN_DIRECTORY)))
    throw new ChandleryError('config_invalid', `the command of the scanner ${format} does not say where ${SCAN_DIRECTORY} goes`);
  const passed = Object.entries(env).flatMap(([key, value]) =>
    value !== undefined && PASSED_ON.test(key) ? [[key, value] as const] : [],
  );
  return { format, command: [program, ...args], env: Object.fromEntries(passed) };
}
