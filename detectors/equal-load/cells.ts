import { loadBinsOf, NO_BIN } from './load-bin.ts';

/** Minutes sorted by what they have in common: their load, or their load and the size of their pool. */
export interface Cells {
  /** Of each minute the index of its cell in `keys`; -1 where it is in none. */
  readonly ids: Int16Array;
  /** What tells a cell from others wherever it is seen: its bin of load, or that and a number of replicas. */
  readonly keys: readonly number[];
}

/** More replicas than any pool has: keys of load and pool size do not meet. */
const REPLICAS_KEY = 65_536;
/** In no cell: what it would be told by is not known. */
export const NO_CELL = -1;
const MOST_CELLS = 32_767;

const byLoad = new WeakMap<Float64Array, Cells>();
const byPoolSize = new WeakMap<Float64Array, { readonly replicas: Float64Array; readonly cells: Cells }>();

/** Cells of equal load. Of one array they are computed once: every metric of a service asks for them. */
export function loadCells(requests: Float64Array): Cells {
  let cells = byLoad.get(requests);
  if (cells === undefined) {
    const bins = loadBinsOf(requests);
    cells = sortInto(bins.length, (minute) => bins[minute] as number);
    byLoad.set(requests, cells);
  }
  return cells;
}

/** Cells of equal load and equal number of replicas, of two arrays computed once. */
export function poolCells(requests: Float64Array, replicas: Float64Array): Cells {
  const known = byPoolSize.get(requests);
  if (known?.replicas === replicas) return known.cells;
  const { ids, keys } = loadCells(requests);
  const cells = sortInto(ids.length, (minute) => {
    const id = ids[minute] as number;
    const size = Math.round(replicas[minute] as number);
    return id === NO_CELL || !(size >= 0) ? NO_BIN : (keys[id] as number) * REPLICAS_KEY + size;
  });
  byPoolSize.set(requests, { replicas, cells });
  return cells;
}

function sortInto(minutes: number, keyAt: (minute: number) => number): Cells {
  const ids = new Int16Array(minutes);
  const keys: number[] = [];
  const known = new Map<number, number>();
  // Minutes beside each other are mostly of one cell.
  let [last, id] = [Number.NaN, NO_CELL];
  for (let minute = 0; minute < minutes; minute++) {
    const key = keyAt(minute);
    if (key !== last) {
      last = key;
      const seen = key === NO_BIN ? NO_CELL : known.get(key);
      if (seen !== undefined) id = seen;
      else if (keys.length === MOST_CELLS) id = NO_CELL;
      else {
        id = keys.length;
        known.set(key, id);
        keys.push(key);
      }
    }
    ids[minute] = id;
  }
  return { ids, keys };
}
