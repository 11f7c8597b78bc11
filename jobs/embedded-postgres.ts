import { mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { runMigrations } from 'bullmq';
import { PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { PG_PARSERS, PglitePool } from './pglite-pool.ts';

/**
 * A queue of a few jobs a second needs little: PGlite's own settings (128 MB of shared buffers, 1 GB of
 * write-ahead log before it is recycled) measured 620 MB RSS against 290 MB with these.
 */
const SETTINGS = ['shared_buffers=16MB', 'min_wal_size=32MB', 'max_wal_size=64MB', 'jit=off'];

/** Below this nothing is wrong with the directory but the disk: two segments of write-ahead log, and some tables. */
const FREE_BYTES_MIN = 64 * 1024 * 1024;

/** Nothing vacuums by itself in there: there is no second process. 190,000 ticks a day leave dead rows. */
const CARE_EVERY_MS = 300_000;
const TABLES = ['job', 'event', 'scheduler', 'meta'];

export interface EmbeddedPostgres {
  readonly pool: PglitePool;
  close(): Promise<void>;
}

/**
 * PostgreSQL in this process, kept in `path`, with BullMQ's tables. A directory that cannot be opened is set aside
 * beside it, with an error in the log, and a new one is begun: schedules are made again at every start, and what
 * else was queued are notifications whose reports stand in the store.
 * @throws PipelineError disk_full; queue_unavailable when a new directory cannot be made either
 */
export async function openEmbeddedPostgres(
  path: string,
  { log, now }: { log: Log; now: () => number },
): Promise<EmbeddedPostgres> {
  const postgres = await open(path).catch((error) => {
    refuseFullDisk(path, error);
    log.error(
      { path, error: reasonOf(error) },
      'The job queue cannot be opened: it is set aside and begins anew; notifications that were waiting are lost, their reports are not.',
    );
    return openAnew(path, now());
  });
  const care = setInterval(() => {
    takeCare(postgres).catch((error) => log.warn({ error }, 'The job queue could not be vacuumed.'));
  }, CARE_EVERY_MS);
  return {
    pool: new PglitePool(postgres, endOnCrash(path)),
    close: async () => {
      clearInterval(care);
      await postgres.close();
    },
  };
}

async function openAnew(path: string, nowMs: number): Promise<PGlite> {
  try {
    setAside(path, nowMs);
    return await open(path);
  } catch (cause) {
    const text = `The job queue at ${path} cannot be created: ${reasonOf(cause)}. Check the free space and the permissions of the data directory.`;
    throw new PipelineError('queue_unavailable', text, { path }, cause);
  }
}

async function open(path: string): Promise<PGlite> {
  mkdirSync(dirname(path), { recursive: true });
  const postgres = await PGlite.create(path, { parsers: PG_PARSERS, postgresqlconf: SETTINGS });
  try {
    await runMigrations(await new PglitePool(postgres, () => {}).connect());
    // BullMQ's statements name no schema. The one session keeps this for all.
    await postgres.exec('SET search_path TO bullmq, public');
    // Also now: a process that never lives for five minutes would never come to it.
    await takeCare(postgres);
    return postgres;
  } catch (error) {
    await postgres.close().catch(() => {});
    throw error;
  }
}

/** One statement each: VACUUM refuses to run among others. Some 10 ms. */
async function takeCare(postgres: PGlite): Promise<void> {
  for (const table of TABLES) await postgres.exec(`VACUUM bullmq.${table}`);
  await postgres.exec('CHECKPOINT');
}

/** Keeps one broken directory for whoever wants to look, the newest: many would fill the disk. */
function setAside(path: string, nowMs: number): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.broken-`;
  for (const older of readdirSync(folder).filter((name) => name.startsWith(prefix))) {
    rmSync(join(folder, older), { recursive: true, force: true });
  }
  renameSync(path, join(folder, `${prefix}${nowMs}`));
}

/**
 * A crashed WebAssembly module answers nothing any more, so the process ends (uncaught, on purpose) and its
 * supervisor starts another; what was committed is on disk.
 */
function endOnCrash(path: string): (crash: Error) => void {
  return (crash) => {
    const text = `The job queue at ${path} crashed (${crash.message}); the process ends and is started again.`;
    setImmediate(() => {
      throw new PipelineError('queue_unavailable', text, { path }, crash);
    });
  };
}

function refuseFullDisk(path: string, cause: unknown): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize >= FREE_BYTES_MIN) return;
  const text = `The job queue at ${path} cannot be opened and its disk is full (${bavail * bsize} bytes are free): free some space, then start again.`;
  throw new PipelineError('disk_full', text, { path }, cause);
}

/** PGlite throws file system errors that are no Errors. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : JSON.stringify(cause);
}
