import {
  DURATION_BOUNDS_MS,
  OFFSET_BINS,
  RARITY_BINS,
  SAMPLER_FAMILIES,
} from '../../core/sampling/sampling-window.ts';
import type { SourceWindows } from '../../validators/sampling/check-source.ts';
import type { Draw } from '../traffic/draw.ts';

export interface SampledSource {
  readonly windows: number;
  readonly requestsPerWindow: number;
  /** th, as declared: hex digits. */
  readonly threshold: string;
  /** Of what the sampler kept, by window: less than 1 is a loss nobody declares. */
  readonly arrives: (window: number) => number;
  readonly errorRatio: number;
  readonly slowRatio: number;
  /** Of errors, so many of those kept are lost. */
  readonly errorsLost: number;
  /** Of calls to it, so many lack their parent though it was kept. */
  readonly parentsMissing: number;
  readonly weightless: number;
  /** R is of the Collector's `hash_seed`: 14 bits, and a threshold of as many. */
  readonly hasHashSeed: boolean;
  /** Of spans, so many arrive again; of these, so many under another threshold. */
  readonly copied: number;
  readonly relabelled: number;
  /** Of requests whose span was kept, so many have an exemplar; of these, of so many no span is here. */
  readonly exemplars: number;
  readonly tracesMissing: number;
}

/** Right in everything; one in ten is kept. */
export const SOUND: SampledSource = {
  windows: 10,
  requestsPerWindow: 1_000,
  threshold: 'e666',
  arrives: () => 1,
  errorRatio: 0.05,
  slowRatio: 0.1,
  errorsLost: 0,
  parentsMissing: 0,
  weightless: 0,
  hasHashSeed: false,
  copied: 0,
  relabelled: 0,
  exemplars: 0,
  tracesMissing: 0,
};

export const SLOW_MS = 500;
const WINDOW_MS = 60_000;
const ID_BITS = 40;
const LATTICE = 2 ** 14;
const SOURCE = {
  tenant: '',
  serviceNamespace: '',
  serviceName: 'sampled',
  serviceInstanceId: '',
  signal: 'traces',
} as const;

/** Windows of one source as its own requests make them, one span per trace, drawn one by one. */
export function simulateSource(of: SampledSource, draw: Draw): SourceWindows {
  const steps = Array.from({ length: of.windows }, (_, window) => simulateWindow(of, draw, window));
  return {
    windows: steps.flatMap(({ windows }) => windows),
    traceIds: steps.map(({ traceIds }) => traceIds),
    edges: steps.flatMap(({ edges }) => edges),
    populations: steps.map(({ population }) => population),
    mentions: steps
      .map(({ mention }) => mention)
      .filter(({ found, missing }) => sum(found) + sum(missing) > 0),
  };
}

/**
 * Log records of the same source, one of each request, without weights.
 * @param of.follow kept for sampled traces alone
 */
export function simulateLogs(of: SampledSource & { readonly follow: boolean }, draw: Draw): SourceWindows {
  const { windows, traceIds, mentions = [], populations } = simulateSource({ ...of, exemplars: 1 }, draw);
  const ofLogs = mentions.map((mention, window) => {
    const named = sum(mention.found) + sum(mention.missing);
    return {
      ...mention,
      mentionedBy: 'log' as const,
      unsampled: of.follow ? 0 : (populations[window]?.requests ?? 0) - named,
    };
  });
  const records = ofLogs.map(({ startMs, endMs, found, missing, unsampled }) => {
    const roots = sum(found) + sum(missing) + unsampled;
    const source = { ...SOURCE, signal: 'logs' as const };
    return { ...rowOf({ source: SOURCE, startMs, endMs }, ''), source, roots, rootPairs: roots };
  });
  return {
    windows: records,
    traceIds: [],
    edges: [],
    populations,
    mentions: ofLogs,
    spans: { windows, traceIds },
  };
}

function simulateWindow(of: SampledSource, draw: Draw, window: number) {
  const span = { source: SOURCE, startMs: window * WINDOW_MS, endMs: (window + 1) * WINDOW_MS };
  const rejected = Number.parseInt(of.threshold.padEnd(14, '0').slice(0, 12), 16) / 2 ** 48;
  const rows = { marked: rowOf(span, of.threshold), bare: rowOf(span, '') };
  const ids = {
    ...span,
    traces: 0,
    withRandomness: 0,
    ones: zeros(ID_BITS),
    timed: 0,
    timeSum: 0,
    timeSquares: 0,
    placeSum: 0,
    placeSquares: 0,
    products: 0,
  };
  const families = new Map(SAMPLER_FAMILIES.map((family) => [family, { min: 1, max: 0 }]));
  const edges = { found: edgeOf(span, 'caller', of.threshold), missing: edgeOf(span, '', '') };
  const mention = {
    ...span,
    mentionedBy: 'exemplar' as const,
    unsampled: 0,
    found: zeros(RARITY_BINS),
    missing: zeros(RARITY_BINS),
    exampleTraceId: '',
  };
  let errors = 0;
  let slow = 0;
  let sdkSampled = 0;
  for (let request = 0; request < of.requestsPerWindow; request++) {
    const randomness = draw.uniform();
    const isError = draw.happens(of.errorRatio);
    const isSlow = draw.happens(of.slowRatio);
    errors += Number(isError);
    slow += Number(isSlow);
    if (randomness < rejected) continue;
    sdkSampled++;
    const rarity = Math.min(RARITY_BINS - 1, Math.floor(-4 * Math.log2(1 - randomness)));
    if (draw.happens(of.exemplars))
      add(draw.happens(of.tracesMissing) ? mention.missing : mention.found, rarity);
    if (!draw.happens(of.arrives(window))) continue;
    if (isError && draw.happens(of.errorsLost)) continue;
    const row = draw.happens(of.weightless) ? rows.bare : rows.marked;
    const { offset, upper } = of.hasHashSeed
      ? cellOf(randomness, rejected)
      : offsetOf((randomness - rejected) / (1 - rejected));
    row.roots++;
    row.rootPairs++;
    row.errors += Number(isError);
    add(row.byDuration, isSlow ? DURATION_BOUNDS_MS.length : 0);
    if (row === rows.marked) {
      row.thresholdSpans++;
      add(row.offsetBins, Math.floor(offset * OFFSET_BINS));
      row.onLattice += Number(of.hasHashSeed);
      row.offsetMin = Math.min(row.offsetMin ?? 1, offset);
      row.offsetMax = Math.max(row.offsetMax ?? 0, upper);
    }
    if (row === rows.marked && draw.happens(of.copied)) {
      row.thresholdCopies++;
      row.relabelled += Number(draw.happens(of.relabelled));
    }
    ids.traces++;
    for (let bit = 0; bit < ID_BITS; bit++) if (draw.happens(0.5)) add(ids.ones, bit);
    for (const extremes of families.values()) {
      const u = draw.uniform();
      extremes.min = Math.min(extremes.min, u);
      extremes.max = Math.max(extremes.max, u);
    }
    const place = Math.floor(offset * 2 ** 16);
    const second = Math.floor(draw.uniform() * 60);
    ids.timed++;
    ids.timeSum += second;
    ids.timeSquares += second * second;
    ids.placeSum += place;
    ids.placeSquares += place * place;
    ids.products += second * place;
    const edge = draw.happens(of.parentsMissing) ? edges.missing : edges.found;
    edge.children++;
    add(edge.childrenByRarity, rarity);
  }
  const extremes = Object.fromEntries(families) as Record<
    (typeof SAMPLER_FAMILIES)[number],
    { min: number; max: number }
  >;
  const byDuration = zeros(DURATION_BOUNDS_MS.length + 1);
  byDuration[0] = of.requestsPerWindow - slow;
  byDuration[DURATION_BOUNDS_MS.length] = slow;
  const nothing = { low64: null, 'signed-low64': null, first8: null, xor32: null, datadog: null };
  return {
    windows: Object.values(rows).filter(({ roots }) => roots > 0),
    traceIds: { ...ids, families: extremes, unweighted: { traces: 0, families: nothing } },
    edges: Object.values(edges).filter(({ children }) => children > 0),
    mention,
    population: {
      ...span,
      counter: 'requests',
      requests: of.requestsPerWindow,
      errors,
      byDuration,
      sdkSampled,
    },
  };
}

function offsetOf(offset: number) {
  return { offset, upper: offset };
}

function cellOf(randomness: number, rejected: number) {
  const cells = Math.round(LATTICE * (1 - rejected));
  const cell = Math.floor(LATTICE * (randomness - rejected));
  return { offset: cell / cells, upper: Math.min((cell + 1) / cells, 1 - Number.EPSILON / 2) };
}

interface Span {
  readonly source: typeof SOURCE;
  readonly startMs: number;
  readonly endMs: number;
}

function rowOf(span: Span, threshold: string) {
  return {
    ...span,
    weightKind: threshold === '' ? ('none' as const) : ('threshold' as const),
    weightKey: threshold,
    roots: 0,
    oneIn: 1,
    rootPairs: 0,
    copies: 0,
    errors: 0,
    byDuration: zeros(DURATION_BOUNDS_MS.length + 1),
    offsetBins: zeros(OFFSET_BINS),
    errorOffsetBins: zeros(OFFSET_BINS),
    onLattice: 0,
    offsetMin: null as number | null,
    offsetMax: null as number | null,
    violations: 0,
    thresholdSpans: 0,
    thresholdCopies: 0,
    relabelled: 0,
    relabelledTraceId: '',
    exampleTraceId: '',
  };
}

function edgeOf({ source, startMs, endMs }: Span, parentName: string, threshold: string) {
  return {
    child: source,
    parentNamespace: '',
    parentName,
    startMs,
    endMs,
    children: 0,
    gained: 0,
    lost: 0,
    randomnessConflicts: 0,
    parentThresholdMax: threshold.padEnd(threshold === '' ? 0 : 14, '0'),
    childrenByRarity: zeros(RARITY_BINS),
    exampleTraceId: '',
  };
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function add(counts: number[], bin: number): void {
  counts[bin] = (counts[bin] ?? 0) + 1;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
