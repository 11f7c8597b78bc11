import { adjustedCount, thresholdOffset } from '../../core/sampling/adjusted-count.ts';
import { latticeCell } from '../../core/sampling/hash-lattice.ts';
import { readSamplingMarks, type SamplingMarks } from '../../core/sampling/read-sampling-marks.ts';
import {
  DURATION_BOUNDS_MS,
  type FamilyExtremes,
  OFFSET_BINS,
  type PopulationWindow,
  RARITY_BINS,
  SAMPLER_FAMILIES,
  type SamplingEdgeWindow,
  type SamplingWindow,
  type TraceIdWindow,
} from '../../core/sampling/sampling-window.ts';
import { weightOf } from '../../core/sampling/weight-of.ts';
import type { Source } from '../../core/source.ts';
import type { SourceWindows } from '../../validators/sampling/check-source.ts';
import { windowWeight } from '../../validators/sampling/window-weight.ts';
import { idFamilies } from './id-families.ts';
import type { CounterLine, SamplingStream, SpanHeaderLine } from './sampling-stream.ts';

const MINUTE_MS = 60_000;
const REMOTE_KNOWN = 0x100;
const REMOTE_MASK = 0x300;
const SERVER = 2;
const CONSUMER = 5;
const ID_BITS = 40;
const PLACE_UNITS = 2 ** 16;
const BELOW_ONE = 1 - Number.EPSILON / 2;

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly number[] ? number[] : T[K] };

/** Everything of one service while it is folded. */
interface Fold {
  readonly source: Source;
  readonly windows: Map<string, Mutable<SamplingWindow>>;
  readonly traceIds: Map<number, Mutable<TraceIdWindow>>;
  readonly edges: Map<string, Mutable<SamplingEdgeWindow>>;
  /** Local roots of each trace by window. */
  readonly rootsOfTrace: Map<string, number>;
  readonly tracesSeen: Set<string>;
}

interface Span {
  readonly line: SpanHeaderLine;
  readonly marks: SamplingMarks;
}

/**
 * The same windows as settling makes of rows, by plain code: each span once, whatever arrived twice; the local root is
 * the unit. Windows are the stream's minutes.
 * @param slowMs what the counter calls slow: its two cells of duration meet at this bound and say nothing of others
 */
export function foldStream(
  stream: SamplingStream,
  slowMs: (typeof DURATION_BOUNDS_MS)[number],
): Map<string, SourceWindows> {
  const folds = new Map<string, Fold>();
  const copies = new Map<string, number>();
  const spans = new Map<string, Span>();
  for (const line of stream.spans) {
    const key = line.traceId + line.spanId;
    copies.set(key, (copies.get(key) ?? -1) + 1);
    const first = spans.get(key);
    if (first === undefined) spans.set(key, { line, marks: readSamplingMarks(line) });
    else addCopy(foldOf(folds, line.service), { line, first });
  }
  for (const [key, span] of spans) {
    const { line } = span;
    const parent = line.parentSpanId === '' ? null : (spans.get(line.traceId + line.parentSpanId) ?? null);
    const fold = foldOf(folds, line.service);
    const isRoot = isLocalRoot(line, parent);
    addToWindow(fold, span, { isRoot, copies: copies.get(key) ?? 0 });
    if (!isRoot) continue;
    if (!fold.tracesSeen.has(line.traceId)) {
      fold.tracesSeen.add(line.traceId);
      addTrace(fold, span);
    }
    if (line.parentSpanId !== '') addCall(fold, span, parent);
  }
  for (const { service } of stream.counters) foldOf(folds, service);
  const counters = Map.groupBy(stream.counters, ({ service }) => service);
  const weights = [...folds.values()].flatMap(({ windows }) => [...windows.values()].map(windowWeight));
  const weightMax = weights.reduce<number>((most, weight) => Math.max(most, weight ?? 0), 0);
  return new Map(
    [...folds].map(([service, { source, windows, traceIds, edges }]) => [
      service,
      {
        windows: [...windows.values()],
        traceIds: [...traceIds.values()],
        edges: [...edges.values()],
        populations: (counters.get(service) ?? []).map((line) => populationOf(source, line, slowMs)),
        weightMax,
      },
    ]),
  );
}

function foldOf(folds: Map<string, Fold>, service: string): Fold {
  return getOrMake(folds, service, () => ({
    source: {
      tenant: '',
      serviceNamespace: '',
      serviceName: service,
      serviceInstanceId: '',
      signal: 'traces' as const,
    },
    windows: new Map(),
    traceIds: new Map(),
    edges: new Map(),
    rootsOfTrace: new Map(),
    tracesSeen: new Set(),
  }));
}

/** Where flags do not say whether the parent is remote, a parent of another service is, and one nobody saw. */
function isLocalRoot({ parentSpanId, flags, kind, service }: SpanHeaderLine, parent: Span | null): boolean {
  if (parentSpanId === '' || kind === SERVER || kind === CONSUMER) return true;
  if ((flags & REMOTE_KNOWN) !== 0) return (flags & REMOTE_MASK) === REMOTE_MASK;
  return kind === undefined && parent?.line.service !== service;
}

function addCopy(fold: Fold, { line, first }: { line: SpanHeaderLine; first: Span }): void {
  const [own, before] = [weightOf(line), weightOf(first.line)];
  if (own.kind !== 'threshold' || before.kind !== 'threshold') return;
  const window = windowOf(fold, line);
  window.thresholdCopies++;
  if (own.key === before.key) return;
  window.relabelled++;
  if (line.traceId > window.relabelledTraceId) window.relabelledTraceId = line.traceId;
}

function windowOf(fold: Fold, line: SpanHeaderLine): Mutable<SamplingWindow> {
  const { kind, key } = weightOf(line);
  return getOrMake(fold.windows, `${line.minute}/${kind}/${key}`, () => ({
    ...spanOf(fold.source, line.minute),
    weightKind: kind,
    weightKey: key,
    roots: 0,
    oneIn: 1,
    rootPairs: 0,
    copies: 0,
    errors: 0,
    byDuration: zeros(DURATION_BOUNDS_MS.length + 1),
    offsetBins: zeros(OFFSET_BINS),
    errorOffsetBins: zeros(OFFSET_BINS),
    onLattice: 0,
    offsetMin: null,
    offsetMax: null,
    violations: 0,
    thresholdSpans: 0,
    thresholdCopies: 0,
    relabelled: 0,
    relabelledTraceId: '',
    exampleTraceId: line.traceId,
  }));
}

function addToWindow(fold: Fold, { line, marks }: Span, of: { isRoot: boolean; copies: number }): void {
  const { kind, key } = weightOf(line);
  const window = windowOf(fold, line);
  if (marks.isConsistent !== null) {
    window.thresholdSpans++;
    if (!marks.isConsistent) {
      if (window.violations === 0) window.exampleTraceId = line.traceId;
      window.violations++;
    }
  }
  if (!of.isRoot) return;
  const trace = `${line.minute}/${kind}/${key}/${line.traceId}`;
  const rootsBefore = fold.rootsOfTrace.get(trace) ?? 0;
  fold.rootsOfTrace.set(trace, rootsBefore + 1);
  window.rootPairs += 2 * rootsBefore + 1;
  window.roots++;
  window.copies += of.copies;
  if (line.isError) window.errors++;
  add(window.byDuration, durationBin(line.durationNs));
  if (kind !== 'threshold' || fold.tracesSeen.has(line.traceId)) return;
  const offset = offsetOf(marks);
  if (offset === null) return;
  const bin = Math.floor(offset.lower * OFFSET_BINS);
  add(window.offsetBins, bin);
  if (line.isError) add(window.errorOffsetBins, bin);
  window.onLattice += Number(offset.isOnLattice);
  window.offsetMin = Math.min(window.offsetMin ?? 1, offset.lower);
  window.offsetMax = Math.max(window.offsetMax ?? 0, offset.upper);
}

/** U, and both ends of its cell where R has 14 bits. */
function offsetOf({ threshold, randomness, isConsistent, randomnessSource }: SamplingMarks) {
  if (isConsistent !== true || threshold === null || randomness === null) return null;
  const found = randomnessSource === 'rv' ? latticeCell({ randomness, threshold }) : null;
  if (found === null) {
    const offset = thresholdOffset({ randomness, threshold });
    return { lower: offset, upper: offset, isOnLattice: false };
  }
  const { cell, cells } = found;
  return { lower: cell / cells, upper: Math.min((cell + 1) / cells, BELOW_ONE), isOnLattice: true };
}

function durationBin(durationNs: number): number {
  const bin = DURATION_BOUNDS_MS.findIndex((boundMs) => durationNs <= boundMs * 1e6);
  return bin === -1 ? DURATION_BOUNDS_MS.length : bin;
}

function addTrace(fold: Fold, { line, marks }: Span): void {
  const { traceId } = line;
  const window = getOrMake(fold.traceIds, line.minute, () => ({
    ...spanOf(fold.source, line.minute),
    traces: 0,
    withRandomness: 0,
    ones: zeros(ID_BITS),
    timed: 0,
    timeSum: 0,
    timeSquares: 0,
    placeSum: 0,
    placeSquares: 0,
    products: 0,
    families: noFamilies(),
    unweighted: { traces: 0, families: noFamilies() },
  }));
  const hasRandomness = marks.randomnessSource === 'rv';
  window.traces++;
  if (hasRandomness) window.withRandomness++;
  addOnes(window.ones, traceId);
  const families = idFamilies(traceId);
  window.families = widen(window.families, families);
  const { weight } = weightOf(line);
  if (weight === null && marks.threshold === null) {
    window.unweighted = {
      traces: window.unweighted.traces + 1,
      families: widen(window.unweighted.families, families),
    };
  }
  // The stream knows minutes: within one, every second is 0.
  const isShaped = !hasRandomness && marks.threshold !== null;
  const place = isShaped ? (offsetOf(marks)?.lower ?? null) : 1 - 1 / adjustedCount(traceId.slice(18));
  if (place === null) return;
  const units = Math.floor(place * PLACE_UNITS);
  window.timed++;
  window.placeSum += units;
  window.placeSquares += units * units;
}

function addOnes(ones: number[], traceId: string): void {
  const low = Number.parseInt(traceId.slice(24), 16);
  const high = Number.parseInt(traceId.slice(22, 24), 16);
  for (let bit = 0; bit < ID_BITS; bit++) {
    if (bit < 32 ? (low >>> bit) & 1 : (high >>> (bit - 32)) & 1) add(ones, bit);
  }
}

function noFamilies(): FamilyExtremes {
  return Object.fromEntries(SAMPLER_FAMILIES.map((family) => [family, null])) as FamilyExtremes;
}

function widen(extremes: FamilyExtremes, by: ReturnType<typeof idFamilies>): FamilyExtremes {
  return Object.fromEntries(
    SAMPLER_FAMILIES.map((family) => {
      const { min, max } = extremes[family] ?? { min: 1, max: 0 };
      return [family, { min: Math.min(min, by[family]), max: Math.max(max, by[family]) }];
    }),
  ) as unknown as FamilyExtremes;
}

function addCall(fold: Fold, { line, marks }: Span, parent: Span | null): void {
  const parentName = parent?.line.service ?? '';
  const edge = getOrMake(fold.edges, `${line.minute}/${parentName}`, () => ({
    child: fold.source,
    parentNamespace: '',
    parentName,
    startMs: line.minute * MINUTE_MS,
    endMs: (line.minute + 1) * MINUTE_MS,
    children: 0,
    gained: 0,
    lost: 0,
    randomnessConflicts: 0,
    parentThresholdMax: '',
    childrenByRarity: zeros(RARITY_BINS),
    exampleTraceId: line.traceId,
  }));
  edge.children++;
  if (marks.randomness !== null) {
    add(
      edge.childrenByRarity,
      Math.min(RARITY_BINS - 1, Math.floor(4 * Math.log2(adjustedCount(marks.randomness)))),
    );
  }
  if (parent === null) return;
  const above = parent.marks;
  const gained = marks.threshold !== null && above.threshold === null;
  const lost = marks.threshold === null && above.threshold !== null;
  const differs =
    marks.randomnessSource === 'rv' &&
    above.randomnessSource === 'rv' &&
    marks.randomness !== above.randomness;
  if ((gained || lost || differs) && edge.gained + edge.lost + edge.randomnessConflicts === 0) {
    edge.exampleTraceId = line.traceId;
  }
  edge.gained += Number(gained);
  edge.lost += Number(lost);
  edge.randomnessConflicts += Number(differs);
  if ((above.threshold ?? '') > edge.parentThresholdMax) edge.parentThresholdMax = above.threshold ?? '';
}

/** What an independent counter says, as windows have it. */
export function populationOf(source: Source, line: CounterLine, slowMs: number): PopulationWindow {
  const { requests, errors, slow, sdkSampled } = line;
  const byDuration = zeros(DURATION_BOUNDS_MS.length + 1);
  if (slow !== null) {
    byDuration[durationBin(slowMs * 1e6)] = requests - slow;
    byDuration[DURATION_BOUNDS_MS.length] = slow;
  }
  return {
    ...spanOf(source, line.minute),
    counter: 'requests',
    requests,
    errors,
    byDuration: slow === null ? null : byDuration,
    sdkSampled,
  };
}

function spanOf(source: Source, minute: number): { source: Source; startMs: number; endMs: number } {
  return { source, startMs: minute * MINUTE_MS, endMs: (minute + 1) * MINUTE_MS };
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function add(counts: number[], bin: number): void {
  counts[bin] = (counts[bin] ?? 0) + 1;
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
