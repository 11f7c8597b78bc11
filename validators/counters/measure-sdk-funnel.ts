import type { CounterSeries } from '../../core/counter-series.ts';
import { batchesBetween } from './batches-between.ts';
import { type Between, countBetween, levelChange } from './count-between.ts';
import type { CountedLoss } from './counted-loss.ts';
import { readingNoise } from './reading-noise.ts';
import { failed, type SdkSeries, succeeded } from './sdk-series.ts';

/** One process's funnel in one window. */
export interface SdkFunnel extends CountedLoss {
  readonly ended: number;
  readonly exported: number;
  /** Lost with a reason, and how much of it went by which `error.type`. */
  readonly explained: number;
  readonly byReason: ReadonlyMap<string, number>;
  /** Neither exported nor inside nor lost with a reason, with sign; null where the SDK does not count what ended. */
  readonly residue: number | null;
}

/** Reasons for which a processor never hands a record to the exporter; others may be the exporter's, told twice. */
const BEFORE_EXPORT = new Set(['queue_full', 'already_shutdown']);
/** Exports differ in size, and a report may tear one apart at either edge of the window. */
const EXPORTS_TORN = 2;
/** Without a queue size, what may be in the queue: two exports at the SDKs' delay, at most its default capacity. */
const UNSEEN_QUEUE_MS = 10_000;
const QUEUE_CAPACITY = 2_048;

/**
 * ended = exported(ok) + lost + what is in the queue and in flight. The processor's and the exporter's errors are
 * not added up for it: otel-js tells a failed export in both, and one that its concurrency limit refused in the
 * processor alone. They say why, and what was lost at least.
 * @param readings of the window, two or more
 */
export function measureSdkFunnel(sdk: SdkSeries, readings: readonly number[]): SdkFunnel {
  const range = { fromMs: readings[0] as number, untilMs: readings.at(-1) as number };
  const explained = explainedLoss(sdk, range);
  const exported = countBetween(succeeded(sdk.exported), range);
  const knowsEnded = sdk.ended.length > 0 || sdk.started.length > 0;
  const ended = knowsEnded ? endedBetween(sdk, range) : exported + explained;
  const batches = batchesBetween(sdk.operations, ended, range);
  const balanceAt = (untilMs: number) => balanceOf(sdk, { fromMs: range.fromMs, untilMs });
  const balance = knowsEnded ? balanceAt(range.untilMs) : explained;
  const worst = toleranceOf(sdk, { range, ended, batches });
  const noise = knowsEnded ? readingNoise(readings.map(balanceAt), worst) : 0;
  const residue = balance - explained;
  const isResidue = residue > noise;
  const lostOf = (cell: Between) => (isResidue ? balanceOf(sdk, cell) : explainedLoss(sdk, cell));
  const cells = readings.slice(1).map((untilMs, i) => {
    const cell = { fromMs: readings[i] as number, untilMs };
    const lost = lostOf(cell);
    const own = knowsEnded ? endedBetween(sdk, cell) : countBetween(succeeded(sdk.exported), cell) + lost;
    return { lost: Math.min(lost, own), all: own };
  });
  const exportFailures = countBetween(failed(sdk.exported), range);
  return {
    startMs: range.fromMs,
    endMs: range.untilMs,
    cells,
    lostMin: Math.max(explained, isResidue ? balance - worst : 0),
    lostMax: knowsEnded ? Math.max(explained, balance + noise) : explained,
    batches,
    isWhole: exportFailures > 0 && 2 * exportFailures >= Math.max(explained, balance),
    samplingVariance: 0,
    ended,
    exported,
    explained,
    byReason: reasonsOf(sdk, range),
    residue: knowsEnded ? residue : null,
  };
}

function endedBetween(sdk: SdkSeries, range: Between): number {
  if (sdk.ended.length > 0) return Math.max(0, countBetween(sdk.ended, range));
  return Math.max(0, countBetween(sdk.started, range) - levelChange(sdk.live, range));
}

function balanceOf(sdk: SdkSeries, range: Between): number {
  const inside = levelChange([...sdk.queued, ...sdk.inFlight], range);
  return endedBetween(sdk, range) - countBetween(succeeded(sdk.exported), range) - inside;
}

function explainedLoss(sdk: SdkSeries, range: Between): number {
  const processorFailures = failed(sdk.processed);
  const isBefore = (one: CounterSeries) => BEFORE_EXPORT.has(one.labels['error.type'] ?? '');
  const before = countBetween(processorFailures.filter(isBefore), range);
  const other = countBetween(
    processorFailures.filter((one) => !isBefore(one)),
    range,
  );
  return before + Math.max(other, countBetween(failed(sdk.exported), range));
}

function reasonsOf(sdk: SdkSeries, range: Between): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>();
  for (const one of [...failed(sdk.processed), ...failed(sdk.exported)]) {
    const reason = one.labels['error.type'] as string;
    const lost = countBetween([one], range);
    // Twice told, once lost.
    if (lost > 0) reasons.set(reason, Math.max(lost, reasons.get(reason) ?? 0));
  }
  return reasons;
}

/** What can be between two counters at a reading: an export that left one and is not yet in the other. */
function toleranceOf(
  sdk: SdkSeries,
  of: { readonly range: Between; readonly ended: number; readonly batches: number },
): number {
  const unseen = (of.ended / Math.max(1, of.range.untilMs - of.range.fromMs)) * UNSEEN_QUEUE_MS;
  const queue = sdk.queued.length > 0 ? 0 : Math.min(QUEUE_CAPACITY, unseen);
  return EXPORTS_TORN * Math.max(1, of.ended / of.batches) + queue;
}
