import { EventEmitter } from 'node:events';
import type { PGlite } from '@electric-sql/pglite';
import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';

/** 64-bit integers come as text, as `pg` gives them: BullMQ parses them itself. */
const INT8_OID = 20;
export const PG_PARSERS = { [INT8_OID]: (text: string) => text };

/** A trap of the WebAssembly module, and an exit() inside it: after either nothing is answered any more. */
const CRASHES = new Set(['RuntimeError', 'ExitStatus']);

type Row = Record<string, unknown>;

type Query = <R = Row>(text: string, params?: readonly unknown[]) => Promise<PgQueryResult<R>>;

/** What `pg` would give: several statements only without parameters (simple protocol), undefined as null. */
function queryOn(postgres: PGlite, onCrash: (crash: Error) => void): Query {
  return async <R>(text: string, params: readonly unknown[] = []) => {
    const nulled = params.map((value) => (value === undefined ? null : value));
    try {
      const result =
        params.length === 0 ? (await postgres.exec(text)).at(-1) : await postgres.query<R>(text, nulled);
      return { rows: (result?.rows ?? []) as R[], rowCount: result?.affectedRows ?? null };
    } catch (error) {
      if (error instanceof Error && CRASHES.has(error.name)) onCrash(error);
      throw error;
    }
  };
}

/** A client of the pool: the same one session for all, with its own listeners. */
class PgliteClient extends EventEmitter implements PgPoolClient {
  readonly query: Query;
  readonly release: () => void;

  constructor(query: Query, onRelease: (client: PgliteClient) => void) {
    super();
    this.query = query;
    this.release = () => {
      this.removeAllListeners();
      onRelease(this);
    };
  }
}

/**
 * The pool BullMQ's PostgreSQL backend wants, straight on a PGlite in this process. Not over a socket: all
 * connections of pglite-socket share one session, so a NOTIFY comes back to whoever sent it and never to the worker
 * that listens; a new job then waited for the next poll (0 to 5 s, measured; here 3 ms), at 1.3 times the CPU.
 *
 * One session also means: transactions of two clients would mix. BullMQ opens them only to migrate, which
 * embedded-postgres.ts does before any queue exists; its operations are single statements.
 */
export class PglitePool extends EventEmitter implements PgPool {
  /** BullMQ then trusts LISTEN and polls rarely: a call within the process cannot be dropped silently. */
  readonly options = { keepAlive: true };
  readonly query: Query;
  readonly #clients = new Set<PgliteClient>();

  /** @param onCrash called when the WebAssembly module itself died: nothing will be answered any more */
  constructor(postgres: PGlite, onCrash: (crash: Error) => void) {
    super();
    // One 'error' listener per queue and worker.
    this.setMaxListeners(0);
    this.query = queryOn(postgres, onCrash);
    postgres.onNotification((channel, payload) => {
      for (const client of this.#clients) client.emit('notification', { channel, payload });
    });
  }

  async connect(): Promise<PgPoolClient> {
    const client = new PgliteClient(this.query, (gone) => this.#clients.delete(gone));
    this.#clients.add(client);
    return client;
  }

  /** The PGlite stays open: who opened it closes it. */
  async end(): Promise<void> {
    this.#clients.clear();
  }
}
