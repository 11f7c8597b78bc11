import { sourceLabel } from '../../core/source.ts';
import type { StreamTally } from '../../core/stream-tally.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Reason } from '../../core/verdict.ts';
import type { StructureInput, StructurePart } from './check-structure.ts';

interface Facts extends StructureInput {
  readonly parts: readonly StructurePart[];
  readonly overflowed: readonly StreamTally[];
  readonly nowMs: number;
}

/** What is wrong and what to do about it, by the part's id. */
const MEANINGS: Readonly<
  Record<string, { readonly code: string; readonly what: string; readonly next: string }>
> = {
  ids: {
    code: 'IDS_INVALID',
    what: 'have a trace, span or parent id that is malformed or their own parent',
    next: 'Look for an exporter or a proxy that writes ids by itself.',
  },
  'span-times': {
    code: 'SPAN_TIMES_IMPOSSIBLE',
    what: 'end before they start, have no time, or take a day or more',
    next: 'Look for a clock that steps, or for times in the wrong unit.',
  },
  'log-times': {
    code: 'LOG_TIMES_MISSING',
    what: 'have no time, or one that does not fit',
    next: 'Let the appender set time or observed time, in nanoseconds.',
  },
  points: {
    code: 'POINTS_INVALID',
    what: 'have no time, no value, no temporality, or start after their own time',
    next: 'Such points cannot be added up; update the exporter, or the receiver that made them.',
  },
  buckets: {
    code: 'BUCKETS_MISFIT',
    what: 'have histogram buckets that do not fit their bounds or their count',
    next: 'Look for a processor that changes bounds or merges histograms.',
  },
  attributes: {
    code: 'ATTRIBUTES_BROKEN',
    what: 'have a key twice, text that is not UTF-8, or values nested too deep',
    next: 'One of two values was kept, bad bytes were replaced; find who sets the attribute.',
  },
  truncation: {
    code: 'RECORDS_TRUNCATED',
    what: 'lost attributes, events or links to a limit of their SDK',
    next: 'Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and its kin (128 each), or record less.',
  },
  identity: {
    code: 'SERVICE_UNNAMED',
    what: 'name no service',
    next: 'Set OTEL_SERVICE_NAME: several services may be in here, and none of them can be judged.',
  },
  duplicates: {
    code: 'DUPLICATES',
    what: 'arrived more than once, alike in all that is kept of them',
    next: 'Look for two exporters or pipelines to the same place, or a retry after an answer that came too late.',
  },
  'id-reuse': {
    code: 'SPAN_IDS_REUSED',
    what: 'carry the ids of a different span',
    next: 'Look for a generator of ids that was seeded alike in several processes, or an instrumentation that derives them.',
  },
  'trace-shape': {
    code: 'SEVERAL_ROOTS',
    what: 'are a further root of a trace that already had one',
    next: 'Look for a caller whose context is extracted without its span id, or a trace id that is used again.',
  },
  'single-writer': {
    code: 'SEVERAL_WRITERS',
    what: 'come from two writers under one identity',
    next: 'Give every process its own service.instance.id, set after the fork.',
  },
  monotony: {
    code: 'COUNTERS_FELL',
    what: 'belong to counters that fell without a new start',
    next: 'Rates over them are wrong; look for two processes with one identity, or a receiver that keeps a start over a restart.',
  },
  'delta-coverage': {
    code: 'DELTAS_OVERLAP',
    what: 'begin before the point before them ended, so that their time is counted twice',
    next: 'Look for two processes with one identity, or a retry that was answered.',
  },
};

/** Why a verdict of structure is what it is: parts that fail first, then undecided ones with faults, then the rest. */
export function tellStructure(facts: Facts): Reason[] {
  const failed = facts.parts.filter((part) => part.outcome === 'fail');
  const suspect = facts.parts.filter((part) => part.outcome === 'unknown' && part.slow.faulty > 0);
  const undecided = facts.parts.filter((part) => part.outcome === 'unknown' && part.slow.faulty === 0);
  return [
    ...failed.map((part) => tellPart(part, facts)),
    ...suspect.map((part) => tellPart(part, facts)),
    ...tellOverflow(facts),
    ...tellUndecided(undecided, facts),
  ];
}

function tellPart(part: StructurePart, facts: Facts): Reason {
  const { code, what, next } = MEANINGS[part.id] as (typeof MEANINGS)[string];
  const { interval, startMs, n } = part.decisive;
  const certainty =
    part.outcome === 'fail'
      ? `At least ${percent(interval?.lower ?? 0)} (limit ${percent(part.limits.fail)}) of ${n} records of ${sourceLabel(facts.source)} ${what}, since ${rfc3339(startMs)}.`
      : `${part.slow.faulty} of ${part.slow.all} records of ${sourceLabel(facts.source)} in ten minutes ${what}: ${interval === null ? 'too few to judge' : `between ${percent(interval.lower)} and ${percent(interval.upper)}, limits ${percent(part.limits.warn)} and ${percent(part.limits.fail)}`}.`;
  const example = exampleOf(part.id, facts);
  return { code, text: `${certainty} ${example === '' ? '' : `${example} `}${next}` };
}

function exampleOf(id: string, { tallies, repeats }: Facts): string {
  if (id === 'duplicates' || id === 'id-reuse' || id === 'trace-shape') {
    const trace = repeats.find((tally) => tally.exampleTraceId !== '')?.exampleTraceId;
    return trace === undefined ? '' : `One is in trace ${trace}.`;
  }
  const instance = tallies.find((tally) => tally.faultyInstance !== '')?.faultyInstance;
  return instance === undefined ? '' : `Instance ${instance} is among those that sent faults.`;
}

function tellOverflow({ overflowed, source }: Facts): Reason[] {
  if (overflowed.length === 0) return [];
  const names = [...new Set(overflowed.map((stream) => stream.metricName))].sort();
  const text = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more metrics` : ''} of ${sourceLabel(source)} exceeded the SDK's cardinality limit: attributes of some values are gone (otel.metric.overflow), so sums by attribute are incomplete. Drop the attribute that grows, or raise the limit of the view.`;
  return [{ code: 'METRIC_OVERFLOW', text }];
}

function tellUndecided(undecided: readonly StructurePart[], facts: Facts): Reason[] {
  if (undecided.length === 0 || facts.overflowed.length > 0) return [];
  const records = facts.tallies.reduce((sum, tally) => sum + tally.records, 0);
  const needs = undecided.map(
    (part) => `${part.id} ${part.decisive.n} of ${Math.ceil(3.8415 * (1 / part.limits.warn - 1))}`,
  );
  const text = `No fault among ${records} records of ${sourceLabel(facts.source)} in ten minutes, but too few were looked at to be sure (records without a fault, of those it takes to pass): ${needs.join(', ')}. More traffic decides it.`;
  return [{ code: 'TOO_FEW', text }];
}

function percent(ratio: number): string {
  return `${(100 * ratio).toPrecision(2)} %`;
}
