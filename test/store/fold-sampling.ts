import { readSamplingMarks } from '../../core/sampling/read-sampling-marks.ts';
import {
  DURATION_BOUNDS_MS,
  OFFSET_BINS,
  RARITY_BINS,
  SAMPLER_FAMILIES,
  type SamplingEdgeWindow,
  type SamplingWindow,
  type TraceIdWindow,
} from '../../core/sampling/sampling-window.ts';
import { weightOf } from '../../core/sampling/weight-of.ts';
import { REMOTE, type SpanRow } from './span-row.ts';

const RANGE = 2n ** 56n;

/** What the SQL that settles must find, folded in plain code with whole numbers of any size. */
export function foldSampling(all: readonly SpanRow[], startMs: number) {
  const endMs = startMs + 60_000;
  const copies = [...all].sort((a, b) => a.receivedMs - b.receivedMs).map(read);
  const firsts = [
    ...new Map(copies.toReversed().map((span) => [`${span.traceId}/${span.spanId}`, span])).values(),
  ];
  const ended = (span: Read) => span.endMs >= startMs && span.endMs < endMs;
  const roots = firsts.filter((span) => ended(span) && span.isRoot);
  const source = (name: string) => ({
    tenant: 'default',
    serviceNamespace: 'shop',
    serviceName: name,
    serviceInstanceId: '',
    signal: 'traces' as const,
  });
  return {
    windows: groups(copies.filter(ended), (span) => [span.service, span.kindOfWeight, span.key]).map(
      (rows) => {
        const [first] = rows as [Read];
        const spans = rows.filter((span) => firsts.includes(span));
        const mine = spans.filter(({ isRoot }) => isRoot);
        const offsets = groups(
          roots.filter(({ service, u }) => service === first.service && u !== null),
          ({ traceId }) => [traceId],
        )
          .map((trace) => trace.sort(byStart)[0] as Read)
          .filter(({ kindOfWeight, key }) => kindOfWeight === first.kindOfWeight && key === first.key);
        const us = offsets.map(({ u }) => u as number);
        const again = rows.filter(
          (copy) =>
            copy.kindOfWeight === 'threshold' &&
            !firsts.includes(copy) &&
            firstOfSpan(copy)?.kindOfWeight === 'threshold',
        );
        const relabelled = again.filter((copy) => firstOfSpan(copy)?.key !== copy.key);
        const violating = spans.filter(({ isViolation }) => isViolation);
        return {
          source: source(first.service),
          startMs,
          endMs,
          weightKind: first.kindOfWeight,
          weightKey: first.key,
          roots: mine.length,
          oneIn: 1,
          rootPairs: groups(mine, ({ traceId }) => [traceId]).reduce(
            (sum, trace) => sum + trace.length ** 2,
            0,
          ),
          copies: rows.filter(({ isRoot }) => isRoot).length - mine.length,
          errors: mine.filter(({ isError }) => isError).length,
          byDuration: bins(
            DURATION_BOUNDS_MS.length + 1,
            mine.map(({ durationMs }) => DURATION_BOUNDS_MS.filter((bound) => durationMs > bound).length),
          ),
          offsetBins: bins(
            OFFSET_BINS,
            us.map((u) => Math.floor(u * OFFSET_BINS)),
          ),
          errorOffsetBins: bins(
            OFFSET_BINS,
            offsets.filter(({ isError }) => isError).map(({ u }) => Math.floor((u as number) * OFFSET_BINS)),
          ),
          onLattice: offsets.filter(({ isOnLattice }) => isOnLattice).length,
          offsetMin: us.length === 0 ? null : Math.min(...us),
          offsetMax: us.length === 0 ? null : Math.max(...offsets.map(({ upperU }) => upperU as number)),
          violations: violating.length,
          thresholdSpans: first.kindOfWeight === 'threshold' ? spans.length : 0,
          thresholdCopies: again.length,
          relabelled: relabelled.length,
          relabelledTraceId:
            relabelled
              .map(({ traceId }) => traceId)
              .sort()
              .at(-1) ?? '',
          exampleTraceId: (violating.length > 0 ? violating : rows)
            .map(({ traceId }) => traceId)
            .sort()
            .at(-1) as string,
        } satisfies SamplingWindow;
      },
    ),
    traceIds: groups(roots, ({ service }) => [service]).map((spans) => {
      const traces = groups(spans, ({ traceId }) => [traceId]);
      const firstOf = traces.map((trace) => trace.sort(byStart)[0] as Read);
      const unweighted = traces.filter((trace) => trace.every(({ kindOfWeight }) => kindOfWeight === 'none'));
      const timed = firstOf.filter(({ isViolation }) => !isViolation);
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      const seconds = timed.map((span) => Math.max(-3_600, Math.trunc((span.startMs - startMs) / 1_000)));
      const places = timed.map(({ u, rv, traceId }) =>
        u === null || rv !== null ? Number(number(traceId.slice(18)) >> 40n) : Math.floor(u * 65_536),
      );
      return {
        source: source((spans[0] as Read).service),
        startMs,
        endMs,
        traces: traces.length,
        withRandomness: traces.filter((trace) => trace.some(({ rv }) => rv !== null)).length,
        ones: Array.from({ length: 40 }, (_, bit) =>
          sum(firstOf.map(({ traceId }) => Number((number(traceId) >> BigInt(bit)) & 1n))),
        ),
        timed: timed.length,
        timeSum: sum(seconds),
        timeSquares: sum(seconds.map((value) => value ** 2)),
        placeSum: sum(places),
        placeSquares: sum(places.map((value) => value ** 2)),
        products: sum(places.map((value, i) => value * (seconds[i] as number))),
        families: families(firstOf),
        unweighted: {
          traces: unweighted.length,
          families: families(unweighted.map((trace) => trace[0] as Read)),
        },
      } satisfies TraceIdWindow;
    }),
    edges: groups(
      roots.filter(({ parentSpanId }) => parentSpanId !== ''),
      (span) => [span.service, parentOf(span)?.service ?? ''],
    ).map((children) => {
      const [first] = children as [Read];
      const calls = children.map((child) => ({ child, parent: parentOf(child) }));
      const isUnmarked = ({ kindOfWeight }: Read) =>
        kindOfWeight !== 'threshold' && kindOfWeight !== 'invalid';
      const gained = calls.filter(
        ({ child, parent }) =>
          parent !== undefined && child.kindOfWeight === 'threshold' && isUnmarked(parent),
      );
      const lost = calls.filter(
        ({ child, parent }) => parent?.kindOfWeight === 'threshold' && isUnmarked(child),
      );
      const conflicts = calls.filter(
        ({ child, parent }) => child.rv !== null && parent?.rv != null && child.rv !== parent.rv,
      );
      const odd = [...gained, ...lost, ...conflicts].map(({ child }) => child.traceId).sort();
      const parent = parentOf(first);
      return {
        child: source(first.service),
        parentNamespace: parent === undefined ? '' : 'shop',
        parentName: parent?.service ?? '',
        startMs,
        endMs,
        children: children.length,
        gained: gained.length,
        lost: lost.length,
        randomnessConflicts: conflicts.length,
        parentThresholdMax: calls
          .map(({ parent: p }) => (p?.kindOfWeight === 'threshold' ? p.key : ''))
          .sort()
          .at(-1) as string,
        childrenByRarity: bins(
          RARITY_BINS,
          children.flatMap(({ r }) =>
            r === null
              ? []
              : [Math.min(RARITY_BINS - 1, Math.floor(-4 * Math.log2(Number(RANGE - number(r)) / 2 ** 56)))],
          ),
        ),
        exampleTraceId:
          odd.at(-1) ??
          (children
            .map(({ traceId }) => traceId)
            .sort()
            .at(-1) as string),
      } satisfies SamplingEdgeWindow;
    }),
  };

  function firstOfSpan({ traceId, spanId }: Read): Read | undefined {
    return firsts.find((span) => span.traceId === traceId && span.spanId === spanId);
  }

  function parentOf({ traceId, parentSpanId }: Read): Read | undefined {
    return firsts.find((span) => span.traceId === traceId && span.spanId === parentSpanId);
  }
}

type Read = ReturnType<typeof read>;

function read(span: SpanRow) {
  const header = { traceState: span.traceState ?? '', traceId: span.traceId, flags: span.flags ?? REMOTE };
  const marks = readSamplingMarks(header);
  const weight = weightOf({ ...header, attributes: {} });
  const isThreshold = weight.kind === 'threshold';
  const t = number(marks.threshold ?? '0');
  const r = number(marks.randomness ?? '0');
  const hasU = isThreshold && marks.isConsistent === true;
  const isOnLattice =
    hasU &&
    marks.randomnessSource === 'rv' &&
    t % 2n ** 42n === 0n &&
    (r >> 42n) + (r % 2n ** 14n) === 0x3fffn;
  const cells = Number((RANGE - t) >> 42n);
  const ends = isOnLattice
    ? [Number((r - t) >> 42n) / cells, Number(((r - t) >> 42n) + 1n) / cells]
    : [Number(r - t) / Number(RANGE - t)];
  const [u, upperU] = [ends[0], ends.at(-1)].map((end) => Math.min(end as number, 1 - 2 ** -53));
  return {
    service: span.service,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    isRoot:
      (span.parentSpanId ?? '') === '' ||
      (header.flags & 0x300) === 0x300 ||
      (span.kind ?? 'Server') === 'Server',
    isError: span.status === 'Error',
    startMs: span.startMs,
    durationMs: span.durationMs ?? 0,
    endMs: span.startMs + (span.durationMs ?? 0),
    kindOfWeight: weight.kind,
    key: isThreshold ? (marks.threshold as string) : weight.key,
    isViolation: isThreshold && marks.isConsistent === false,
    r: marks.randomness,
    rv: marks.randomnessSource === 'rv' ? marks.randomness : null,
    u: hasU ? (u as number) : null,
    upperU: hasU ? (upperU as number) : null,
    isOnLattice,
  };
}

function families(spans: readonly Read[]): TraceIdWindow['families'] {
  const us = spans.map(({ traceId }) => {
    const [high, low] = [number(traceId.slice(0, 16)), number(traceId.slice(16))];
    const words = [0, 8, 16, 24].map((at) => number(traceId.slice(at, at + 8)));
    const signed = BigInt.asIntN(64, low);
    return {
      low64: Number(low) / 2 ** 64,
      'signed-low64': Number(signed < 0n ? -signed : signed) / 2 ** 63,
      first8: Number(high % 2n ** 63n) / 2 ** 63,
      xor32: Number(words.reduce((all, word) => all ^ word)) / 2 ** 32,
      datadog: Number((low * 1_111_111_111_111_111_111n) % 2n ** 64n) / 2 ** 64,
    };
  });
  return Object.fromEntries(
    SAMPLER_FAMILIES.map((family) => {
      const values = us.map((u) => u[family]);
      return [family, values.length === 0 ? null : { min: Math.min(...values), max: Math.max(...values) }];
    }),
  ) as TraceIdWindow['families'];
}

function number(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

function byStart(a: Read, b: Read): number {
  return a.startMs - b.startMs || (a.spanId < b.spanId ? -1 : 1);
}

function groups(spans: readonly Read[], keyOf: (span: Read) => readonly string[]): Read[][] {
  return [...Map.groupBy(spans, (span) => JSON.stringify(keyOf(span))).values()];
}

function bins(length: number, found: readonly number[]): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const bin of found) counts[bin] = (counts[bin] as number) + 1;
  return counts;
}
