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

const PAGE_BYTES = 4_096;
const PAGE_HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 18;
/** Above it a record has pages of its own. */
const SHARED_PAGE_BYTES_MAX = 2_000;

/** Bytes of pages that one more record can take, at most: pages that records share are at least half full. */
export function pageBytesAtMost(recordBytes: number): number {
  if (recordBytes <= SHARED_PAGE_BYTES_MAX) return 2 * (recordBytes + ENTRY_HEADER_BYTES);
  return Math.ceil((recordBytes + PAGE_HEADER_BYTES) / PAGE_BYTES) * PAGE_BYTES;
}
