import type { Logger } from 'pino';
import { pino } from 'pino';

export type { Logger } from 'pino';

/** Members that may hold a secret, wherever they turn up. */
const REDACTED = [
  'authorization',
  '*.authorization',
  'token',
  '*.token',
  'password',
  '*.password',
  'databaseUrl',
  '*.databaseUrl',
];

/** JSON lines on stderr: stdout belongs to what the process says to people and scripts. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, redact: { paths: REDACTED, censor: '[redacted]' } }, pino.destination({ fd: 2, sync: true }));
}
