import { randomUUID } from 'node:crypto';
import { Session } from 'chdb';
import { sqlName, sqlString } from '../sql-text.ts';
import { GUEST_ROLE } from './engine-config-file.ts';

/** One statement with all that applies to it alone. */
export interface Statement {
  readonly sql: string;
  /** Output format where the text names none. */
  readonly format: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
}

/** The body's own limit comes first; ClickHouse would stop reading at 256 KiB. */
const QUERY_BYTES_MAX = 33_554_432;

export interface StatementResult {
  readonly bytes: Uint8Array;
  readonly elapsedMs: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/**
 * Runs a statement on a session of its own: settings, parameters and the database of one request cannot stick to
 * the next (0.15 ms to open and close; a pooled session keeps every SET). Read-only comes last, since it forbids
 * further settings.
 * @param signal stops the statement inside the engine, not only the wait for it
 */
export async function runStatement(
  dataPath: string,
  statement: Statement,
  signal: AbortSignal | null,
): Promise<StatementResult> {
  const session = new Session(dataPath);
  const marker = randomUUID();
  const kill = () => void killStatement(dataPath, marker);
  try {
    await prepare(session, statement, marker);
    signal?.addEventListener('abort', kill, { once: true });
    if (signal?.aborted) kill();
    const startedAt = performance.now();
    const result = await session.queryAsync(statement.sql, { format: statement.format });
    return {
      bytes: result.bytes(),
      elapsedMs: performance.now() - startedAt,
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
    };
  } finally {
    signal?.removeEventListener('abort', kill);
    session.close();
  }
}

/** One round trip: 0.3 ms. The role and read-only come last, since both forbid what comes before. */
async function prepare(session: Session, statement: Statement, marker: string): Promise<void> {
  const settings = { session_timezone: 'UTC', ...statement.settings, log_comment: marker };
  const changes = Object.entries(settings).map(([name, value]) => `${name} = ${sqlString(value)}`);
  for (const [name, value] of Object.entries(statement.params)) {
    changes.push(`param_${name} = ${sqlString(value)}`);
  }
  const steps = [`SET max_query_size = ${QUERY_BYTES_MAX}`, `USE ${sqlName(statement.database)}`];
  if (statement.readOnly) {
    changes.push('readonly = 2');
    steps.push(`SET ROLE ${GUEST_ROLE}`);
  }
  await session.queryAsync([...steps, `SET ${changes.join(', ')}`].join(';\n'));
}

async function killStatement(dataPath: string, marker: string): Promise<void> {
  const session = new Session(dataPath);
  try {
    await session.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${sqlString(marker)} ASYNC`);
  } catch {
    // It ended by itself in the meantime, or the engine is closing; either way nobody waits for it.
  } finally {
    session.close();
  }
}
