import type { Database, RootDatabase } from 'lmdb';
import type { Signal } from '../core/signal.ts';

type Records = Database<Buffer, number> | Database<Buffer, [Signal, number]>;

interface TreeStats {
  readonly pageSize: number;
  readonly entryCount: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface FileStats extends TreeStats {
  readonly lastPageNumber: number;
}

function statsOf(database: Records): TreeStats {
  return database.getStats() as TreeStats;
}

export function pageBytes(database: Records): number {
  const stats = statsOf(database);
  return stats.pageSize * (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages);
}

export function entryCount(database: Records): number {
  return statsOf(database).entryCount;
}

/** Of the whole environment, freed pages included: the file never shrinks. */
export function fileBytes(root: RootDatabase): number {
  const stats = root.getStats() as FileStats;
  return stats.pageSize * (stats.lastPageNumber + 1);
}
