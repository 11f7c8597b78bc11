import { isatty } from 'node:tty';
import pino from 'pino';
import type { Log } from '../core/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const STDERR = 2;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Facts of an error that help a reader; the stack only where nobody foresaw the error. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return 'code' in value ? `${value.message} [${String(value.code)}]` : (value.stack ?? value.message);
}

/** `12:34:56.789 warn  ingest  The writer waits. (table=otel_logs, rowCount=8)` */
export function humanLine(entry: {
  atMs: number;
  level: LogLevel;
  name: string;
  facts: object;
  text: string;
}): string {
  const time = new Date(entry.atMs).toISOString().slice(11, 23);
  const facts = Object.entries(entry.facts).map(([key, value]) => {
    const shown = plain(value);
    return `${key}=${typeof shown === 'string' ? shown : JSON.stringify(shown)}`;
  });
  const tail = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `${time} ${entry.level.padEnd(5)} ${entry.name.padEnd(10)} ${entry.text}${tail}\n`;
}

function humanLog(name: string, level: LogLevel): Log {
  const write = (at: LogLevel) => (facts: object, text: string) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    process.stderr.write(humanLine({ atMs: Date.now(), level: at, name, facts, text }));
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** Logs of a process go to stderr: lines for people at a terminal, JSON (pino) for everything else. */
export function createLog(name: string, level: LogLevel): Log {
  if (isatty(STDERR)) return humanLog(name, level);
  const options = {
    level,
    base: { process: name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err, cause: pino.stdSerializers.err },
  };
  return pino(options, pino.destination({ dest: STDERR, sync: true }));
}
