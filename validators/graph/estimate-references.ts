import type { Interval } from '../../core/interval.ts';
import type { ReferenceTally } from '../../core/reference-tally.ts';
import { type ServiceId, serviceKey } from '../../core/service-key.ts';
import { sourceKey } from '../../core/source.ts';
import type { Reason } from '../../core/verdict.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { windowsUntil } from '../windows.ts';
import { LossCells } from './loss-cells.ts';

const MENTIONS_MIN = 30;
/** Waited for this long because spans take half of it or more: those that take longer are still open. */
const WAIT_MS_MAX = 60_000;

const KINDS = {
  log: { id: 'log-references', noun: 'log records' },
  exemplar: { id: 'exemplar-references', noun: 'exemplars of metrics' },
} as const;

export interface ReferenceInput {
  /** Of the ten minutes before `settled.untilMs`. */
  readonly references: readonly ReferenceTally[];
  readonly settled: { readonly untilMs: number; readonly lagMs: number };
  /** `serviceKey`s of services whose sampling verdict is fail. */
  readonly inconsistent: ReadonlySet<string>;
}

/**
 * Which share of a service's spans never arrived, from the spans its log records mention as sampled (C8), or its
 * exemplars (C9). Logs and metrics go other ways and in other batches than spans, so they outlive a loss of these.
 * - *lower* end: missing spans of traces of which something else is here. That is a loss.
 * - *upper* end: all missing ones. A trace that is missing whole may be lost, or thrown away by a tail sampler after
 *   the log record had left; the two cannot be told apart, so it fails nobody and passes nobody.
 * @param mentionedBy one estimator each
 * @see quality.md 3.1 C8, C9
 */
export function estimateReferences(
  mentionedBy: ReferenceTally['mentionedBy'],
  input: ReferenceInput,
): LossEstimates {
  const own = input.references.filter((reference) => reference.mentionedBy === mentionedBy);
  return new Map(
    [...Map.groupBy(own, ({ service }) => serviceKey(service)).values()].map((references) => {
      const { service } = references[0] as ReferenceTally;
      const key = sourceKey({ ...service, serviceInstanceId: '', signal: 'traces' });
      return [key, estimateOne(mentionedBy, { service, references, input })];
    }),
  );
}

function estimateOne(
  mentionedBy: ReferenceTally['mentionedBy'],
  of: {
    readonly service: ServiceId;
    readonly references: readonly ReferenceTally[];
    readonly input: ReferenceInput;
  },
): LossEstimate {
  const { id, noun } = KINDS[mentionedBy];
  const { settled } = of.input;
  const { fastStartMs, slowStartMs } = windowsUntil(settled.untilMs);
  const inside = (startMs: number) =>
    of.references.filter(({ windowMs }) => windowMs >= startMs && windowMs < settled.untilMs);
  const [fast, slow] = [inside(fastStartMs), inside(slowStartMs)];
  const [fastSums, slowSums] = [sums(fast), sums(slow)];
  const { spansMissing, tracesMissing, found } = fastSums.spansMissing > 0 ? fastSums : slowSums;
  return {
    id,
    kind: 'graph',
    fast: estimate(fast, fastStartMs, settled.untilMs),
    slow: estimate(slow, slowStartMs, settled.untilMs),
    veto: vetoOf(of.service, of.input),
    blame:
      spansMissing === 0
        ? null
        : {
            at: 'source',
            name: of.service.serviceName,
            text: `${spansMissing} of ${found + spansMissing + tracesMissing} spans that its own ${noun} mention never came, though other spans of their traces did; look at the span exporter's queue and errors, as the ${noun} do arrive.`,
          },
    exampleTraceIds: [
      ...new Set((fastSums.spansMissing > 0 ? fast : slow).flatMap(({ exampleTraceIds }) => exampleTraceIds)),
    ]
      .sort()
      .slice(0, 5),
    evidence: { fast: fastSums, slow: slowSums, waitedForSpansMs: settled.lagMs },
  };
}

function estimate(references: readonly ReferenceTally[], startMs: number, endMs: number): WindowEstimate {
  const { found, spansMissing, tracesMissing } = sums(references);
  const n = found + spansMissing + tracesMissing;
  return { interval: n < MENTIONS_MIN ? null : bound(references), n, startMs, endMs, mayPass: true };
}

function bound(references: readonly ReferenceTally[]): Interval | null {
  const [sure, possible] = [new LossCells(), new LossCells()];
  for (const { bucketMs, found, spansMissing, tracesMissing, spanBatches } of references) {
    sure.add(bucketMs, spansMissing, found, spanBatches);
    possible.add(bucketMs, spansMissing + tracesMissing, found, spanBatches);
  }
  const upper = batchAwareInterval(possible.counts)?.upper ?? 1;
  const lost = batchAwareInterval(sure.counts);
  if (lost === null) return { estimate: 0, lower: 0, upper };
  return { estimate: lost.estimate, lower: lost.lower, upper: Math.max(lost.upper, upper) };
}

function vetoOf(service: ServiceId, { inconsistent, settled }: ReferenceInput): Reason | null {
  if (inconsistent.has(serviceKey(service))) {
    const text = `${service.serviceName} samples inconsistently or for itself, so a span that is mentioned as sampled may never have been kept; see the verdict of dimension sampling.`;
    return { code: 'SAMPLING_INCONSISTENT', text };
  }
  if (settled.lagMs < WAIT_MS_MAX) return null;
  const text = `Spans take so long that even a minute's wait may leave some open: a missing one may be late rather than lost; see the verdict of dimension timeliness.`;
  return { code: 'SPANS_LONG', text };
}

function sums(references: readonly ReferenceTally[]) {
  const sum = (of: (one: ReferenceTally) => number) => references.reduce((all, one) => all + of(one), 0);
  return {
    found: sum(({ found }) => found),
    spansMissing: sum(({ spansMissing }) => spansMissing),
    tracesMissing: sum(({ tracesMissing }) => tracesMissing),
  };
}
