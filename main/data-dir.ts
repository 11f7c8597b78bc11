import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../core/errors.ts';
import { type DirectoryLock, isDirectoryLocked, takeDirectoryLock } from './directory-lock.ts';
import type { Ports } from './role-ports.ts';

/** Who serves a data directory, for the sentence of a second process and for the commands. */
export interface Serving {
  readonly pid: number;
  readonly startedAt: string;
  readonly ports: Ports;
}

/** A command that only looks whether the directory is taken needs less than this. */
const LOOKERS_MS = 300;

const lockPath = (dataDir: string): string => join(dataDir, 'lock');
const servingPath = (dataDir: string): string => join(dataDir, 'serving.json');

/** Finds out by writing: permissions, read-only mounts and full disks all look fine until then. */
export function probeDataDir(dataDir: string): void {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true });
    try {
      writeFileSync(probe, Buffer.alloc(4096), { flush: true });
    } finally {
      rmSync(probe, { force: true });
    }
  } catch (error) {
    throw unwritable(dataDir, error as NodeJS.ErrnoException);
  }
}

function unwritable(dataDir: string, error: NodeJS.ErrnoException): PipelineError {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    const text = `The disk of the data directory ${dataDir} is full: free some space, or set PLUMBLINE_DATA_DIR to a directory on another disk.`;
    return new PipelineError('disk_full', text, { dataDir }, error);
  }
  const text = `The data directory ${dataDir} cannot be written (${error.code ?? error.message}): make it writable for this user, or set PLUMBLINE_DATA_DIR to one that is.`;
  return new PipelineError('data_dir_unwritable', text, { dataDir }, error);
}

/** The process that serves the directory; null when there is none, or when it has not said so yet. */
export function readServing(dataDir: string): Serving | null {
  if (!isDirectoryLocked(lockPath(dataDir))) return null;
  try {
    return JSON.parse(readFileSync(servingPath(dataDir), 'utf8')) as Serving;
  } catch {
    return null;
  }
}

export function writeServing(dataDir: string, serving: Serving): void {
  writeFileSync(servingPath(dataDir), `${JSON.stringify(serving)}\n`);
}

export function removeServing(dataDir: string): void {
  rmSync(servingPath(dataDir), { force: true });
}

/**
 * Makes the directory if need be and takes it for this process until it ends.
 * @throws PipelineError data_dir_unwritable, disk_full, data_dir_locked
 */
export function takeDataDir(dataDir: string): DirectoryLock {
  probeDataDir(dataDir);
  let lock: DirectoryLock | null;
  try {
    mkdirSync(join(dataDir, 'locks'), { recursive: true });
    lock = takeDirectoryLock(lockPath(dataDir), LOOKERS_MS);
  } catch (error) {
    throw unwritable(dataDir, error as NodeJS.ErrnoException);
  }
  if (lock !== null) return lock;
  const pid = readServing(dataDir)?.pid;
  const text = `The data directory ${dataDir} is in use by another plumbline process${pid === undefined ? '' : ` (pid ${pid})`}: stop that one first, or set PLUMBLINE_DATA_DIR to another directory.`;
  throw new PipelineError('data_dir_locked', text, { dataDir, pid: pid ?? 'unknown' });
}

/** A UUID made once per directory: after a restart our own telemetry still comes from the same source. */
export function readOrCreateInstanceId(dataDir: string): string {
  const path = join(dataDir, 'instance-id');
  try {
    writeFileSync(path, `${randomUUID()}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(dataDir, error as Error);
  }
  return readFileSync(path, 'utf8').trim();
}

/**
 * One process per role and directory, whoever started it: after a supervisor was killed its engine may live
 * for a moment longer, and two engines on one directory would destroy it.
 * @throws PipelineError data_dir_locked when the older process does not go within `waitMs`
 */
export function takeRole(at: { dataDir: string; role: string; waitMs: number }): DirectoryLock {
  const lock = takeDirectoryLock(join(at.dataDir, 'locks', at.role), at.waitMs);
  if (lock !== null) return lock;
  const text = `An older ${at.role} process still holds the data directory ${at.dataDir}: end it, then start again.`;
  throw new PipelineError('data_dir_locked', text, { dataDir: at.dataDir, role: at.role });
}
