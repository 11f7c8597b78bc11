import { logBin } from '../../core/log-bin.ts';
import type { SamplingTally } from '../../core/sampling-tally.ts';
import type { Signal } from '../../core/signal.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { NOW_MS, sourceOf } from '../../eval/simulators/checkout.ts';

export { NOW_MS, sourceOf };

/** `count` records that arrived `agoMs` before NOW_MS, each `latenessMs` after its event. */
export function arrivals(of: {
  signal?: Signal;
  agoMs: number;
  latenessMs: number;
  count: number;
  instance?: string;
}): SourceTally {
  const receivedMs = NOW_MS - of.agoMs;
  const eventMs = receivedMs - of.latenessMs;
  return {
    source: sourceOf(of.signal ?? 'traces', of.instance ?? 'pod-1'),
    receiveStartMs: Math.floor(receivedMs / 5_000) * 5_000,
    items: of.count,
    eventTimeMsMax: Math.min(eventMs, receivedMs),
    receivedMsMax: receivedMs,
    latenessMsMin: of.latenessMs,
    latenessMsMax: of.latenessMs,
    latenessBins: new Map([[logBin(of.latenessMs), of.count]]),
    anomalous: 0,
    rhythmBucketsMs: [Math.floor((of.signal === 'metrics' ? eventMs : receivedMs) / 5_000) * 5_000],
  };
}

export function marks(of: {
  thresholdHex: string;
  spans: number;
  violations?: number;
  agoMs?: number;
  exampleTraceId?: string;
}): SamplingTally {
  return {
    source: sourceOf('traces', 'pod-1'),
    receiveStartMs: NOW_MS - (of.agoMs ?? 10_000),
    thresholdHex: of.thresholdHex,
    spans: of.spans,
    violations: of.violations ?? 0,
    exampleTraceId: of.exampleTraceId ?? '',
  };
}

/** The same in each of the forty buckets before: what came so steadily must not fall silent. */
export function steadily(of: Parameters<typeof arrivals>[0]): SourceTally[] {
  return Array.from({ length: 40 }, (_, i) => arrivals({ ...of, agoMs: of.agoMs + i * 5_000 }));
}

/** What arrived five seconds before, alike: a source seen at two moments has a rhythm. */
export function twice(of: Parameters<typeof arrivals>[0]): SourceTally[] {
  return [arrivals(of), arrivals({ ...of, agoMs: of.agoMs + 5_000, count: 1 })];
}
