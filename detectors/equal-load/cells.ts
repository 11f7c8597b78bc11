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
    const ids = new Int16Array(bins.length);
    const numbers = new Numbers();
    for (let minute = 0; minute < ids.length; minute++) {
      const bin = bins[minute] as number;
      ids[minute] = bin === NO_BIN ? NO_CELL : numbers.of(bin);
    }
    cells = { ids, keys: numbers.keys };
    byLoad.set(requests, cells);
  }
  return cells;
}

/** Cells of equal load and equal number of replicas, of two arrays computed once. */
export function poolCells(requests: Float64Array, replicas: Float64Array): Cells {
  const known = byPoolSize.get(requests);
  if (known?.replicas === replicas) return known.cells;
  const loads = loadCells(requests);
  const ids = new Int16Array(loads.ids.length);
  const numbers = new Numbers();
  for (let minute = 0; minute < ids.length; minute++) {
    const load = loads.ids[minute] as number;
    const size = Math.round(replicas[minute] as number);
    ids[minute] =
      load === NO_CELL || !(size >= 0)
        ? NO_CELL
        : numbers.of((loads.keys[load] as number) * REPLICAS_KEY + size);
  }
  const cells = { ids, keys: numbers.keys };
  byPoolSize.set(requests, { replicas, cells });
  return cells;
}

/** Numbers keys in order of first sight. */
class Numbers {
  readonly keys: number[] = [];
  readonly #ids = new Map<number, number>();
  /** Minutes beside each other are mostly of one cell. */
  #lastKey = Number.NaN;
  #lastId = NO_CELL;

  of(key: number): number {
    if (key === this.#lastKey) return this.#lastId;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.keys.length === MOST_CELLS ? NO_CELL : this.keys.push(key) - 1;
      this.#ids.set(key, id);
    }
    this.#lastKey = key;
    this.#lastId = id;
    return id;
  }
}
