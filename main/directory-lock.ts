import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY: another process holds the lock. */
const SQLITE_BUSY = 5;

/** A database that nobody refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a lock that the kernel gives back whatever ends this process, also `kill -9`; null when another process
 * holds it for longer than `waitMs`. It is SQLite's exclusive lock on an empty database (fcntl locks): a pid
 * file would need a guess whether its process still lives (and is still the same one), and a socket does
 * not see across containers that share a volume.
 * Blocks the thread while it waits. @throws the error of SQLite when the file cannot be opened
 */
export function takeDirectoryLock(path: string, waitMs: number = 0): DirectoryLock | null {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    // The journal stays in memory: nothing is ever written, so a full disk is no obstacle.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}

/** Whether a process holds the lock at this moment; looks without taking it. */
export function isDirectoryLocked(path: string): boolean {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      return false;
    } catch (error) {
      return (error as { errcode?: number }).errcode === SQLITE_BUSY;
    } finally {
      database.close();
    }
  } catch {
    return false; // there is no such file: nobody ever held it
  }
}
