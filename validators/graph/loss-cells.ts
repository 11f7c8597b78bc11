import type { LossCounts } from '../batch-aware-interval.ts';

/** Lost and all by second, and the batches that came, while they are being added up. */
export class LossCells {
  readonly bySecond = new Map<number, { lost: number; all: number }>();
  readonly batches = new Set<string>();
  lost = 0;
  all = 0;

  add(startMs: number, lost: number, found: number, batches: readonly string[] = []): void {
    const cell = this.bySecond.get(startMs) ?? { lost: 0, all: 0 };
    cell.lost += lost;
    cell.all += lost + found;
    this.bySecond.set(startMs, cell);
    this.lost += lost;
    this.all += lost + found;
    for (const batch of batches) this.batches.add(batch);
  }

  get counts(): LossCounts {
    return { bySecond: this.bySecond, batchCount: this.batches.size };
  }
}
