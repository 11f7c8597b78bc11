import { type Source, sourceLabel } from '../core/source.ts';
import { textTable } from './text-table.ts';

interface Numbers {
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly n: number;
}

/** A verdict as the API gives it. */
export interface VerdictDetail extends Numbers {
  readonly source: Source;
  readonly dimension: string;
  readonly outcome: string;
  readonly unit: string;
  readonly confidence: number;
  readonly limits: { readonly warn: number; readonly fail: number };
  readonly window: { readonly start: string; readonly end: string };
  readonly validUntil: string;
  readonly reasons: readonly { readonly code: string; readonly text: string }[];
  readonly estimators: readonly (Numbers & {
    readonly id: string;
    readonly kind: string;
    readonly unit: string;
  })[];
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Unknown stays a word: an estimate that is not there must not look like zero. */
export function figure(value: number | null, unit: string): string {
  if (value === null) return 'unknown';
  return unit === 'ratio' ? `${(value * 100).toFixed(2)} %` : `${value.toFixed(2)} ${unit}`;
}

/** `1.00 % to 3.00 %`; an end that is not bounded is said to be so; empty where nothing is known. */
export function intervalText({ lower, upper }: Numbers, unit: string): string {
  if (lower === null && upper === null) return '';
  return `${lower === null ? 'no lower end' : figure(lower, unit)} to ${upper === null ? 'no upper end' : figure(upper, unit)}`;
}

/** Everything a verdict rests on, for a person who must decide whether to believe it. */
export function verdictDetail(verdict: VerdictDetail): string {
  const { source, dimension, outcome, unit, limits, window, validUntil, evidence } = verdict;
  const interval = intervalText(verdict, unit);
  const lines = [
    `${outcome.toUpperCase()}  ${dimension} of ${sourceLabel(source)}`,
    `  ${figure(verdict.estimate, unit)}${interval === '' ? '' : ` (${verdict.confidence * 100} %: ${interval})`}, n ${verdict.n}; limits: warn ${figure(limits.warn, unit)}, fail ${figure(limits.fail, unit)}`,
    `  from ${window.start} to ${window.end}, holds until ${validUntil}`,
    ...verdict.reasons.map(({ code, text }) => `  ${code}: ${text}`),
    ...notesOf(evidence),
  ];
  return `${lines.join('\n')}\n${estimatorsText(verdict)}`;
}

function notesOf(evidence: VerdictDetail['evidence']): string[] {
  const list = (key: string) =>
    Array.isArray(evidence[key]) ? (evidence[key] as Record<string, string>[]) : [];
  const traces = (evidence['exampleTraceIds'] ?? []) as readonly string[];
  return [
    ...purposesOf(evidence),
    ...list('blame').map(({ estimator, at, name, text }) => `  Blame (${estimator}): ${at} ${name}. ${text}`),
    ...list('notCounted').map(({ estimator, code, text }) => `  Not counted: ${estimator}, ${code}: ${text}`),
    ...(traces.length > 0 ? [`  Example traces: ${traces.join(' ')}`] : []),
  ];
}

/** What sampled spans are good for. */
function purposesOf({ purposes, counter }: VerdictDetail['evidence']): string[] {
  if (typeof purposes !== 'object' || purposes === null) return [];
  const judged = Object.entries(purposes as Record<string, { outcome: string; reasons: { text: string }[] }>);
  return [
    ...judged.map(([purpose, { outcome, reasons }]) =>
      `  For ${purpose}: ${outcome}. ${outcome === 'pass' ? '' : (reasons[0]?.text ?? '')}`.trimEnd(),
    ),
    `  Counts are held against: ${counter === null ? 'no independent counter was found' : String(counter)}`,
  ];
}

function estimatorsText({ estimators }: VerdictDetail): string {
  if (estimators.length === 0) return '';
  const rows = estimators.map((one) => [
    `  ${one.id}`,
    one.kind,
    figure(one.estimate, one.unit),
    intervalText(one, one.unit),
    String(one.n),
  ]);
  return textTable(['  ESTIMATOR', 'KIND', 'ESTIMATE', 'INTERVAL', 'N'], rows);
}
