import { randomFrom } from '../../core/random-from.ts';
import type { Draw } from '../traffic/draw.ts';
import { traceIdText } from '../traffic/id-text.ts';
import type { ExportRequest, SpanItem } from '../traffic/telemetry.ts';
import { type Fault, isMet, type Where } from './fault.ts';

/** The exporter tries again though the first try arrived. */
export function duplicate(where: Where, ratio: number, draw: Draw): Fault {
  return (request) =>
    isMet(where, request) && draw.happens(ratio)
      ? [request, { ...request, arrivedMs: request.arrivedMs + 1_000 + draw.exponential(2_000) }]
      : [request];
}

/** Exports are held back: a backlog, or a slow way. */
export function delay(where: Where, ms: number): Fault {
  return (request) =>
    isMet(where, request) ? [{ ...request, arrivedMs: request.arrivedMs + ms }] : [request];
}

/** A clock is off by `ms`; positive is ahead. */
export function skewClock(where: Where, ms: number): Fault {
  return (request) => (isMet(where, request) ? [shift(request, () => ms)] : [request]);
}

/** Single records are stamped far ahead, as after a virtual machine was resumed. */
export function stampFuture(where: Where, of: { ratio: number; ms: number }, draw: Draw): Fault {
  return (request) =>
    isMet(where, request) ? [shift(request, () => (draw.happens(of.ratio) ? of.ms : 0))] : [request];
}

/** Workers forked after the SDK was started report under one identity: none. */
export function loseIdentity(where: Where): Fault {
  return (request) => (isMet(where, request) ? [{ ...request, instanceId: '' }] : [request]);
}

/**
 * A service decides for itself which traces it keeps, whatever its callers decided, and says nothing about it, as
 * a sampler by trace id does that is not wrapped in a parent-based one. A parent that is missing was never kept.
 */
export function sampleAlone(where: Where, ratio: number): Fault {
  return (request) => {
    const salt = [...request.serviceName].reduce((sum, letter) => 31 * sum + letter.charCodeAt(0), 7);
    return sampleBy(
      { where, traceState: '', keeps: ({ traceId }) => randomFrom(traceId + salt)() < ratio },
      request,
    );
  };
}

/** A coin for each span, and marks that claim to be consistent: a threshold that the trace ids contradict. */
export function sampleAgainstMarks(where: Where, ratio: number, draw: Draw): Fault {
  const traceState = `ot=th:${thresholdOf(ratio).slice(0, 4)}`;
  const salt = Math.floor(2 ** 31 * draw.uniform());
  return (request) =>
    sampleBy({ where, traceState, keeps: ({ spanId }) => randomFrom(spanId + salt)() < ratio }, request);
}

/**
 * A service samples consistently and says so, but those it calls keep everything and say that too: thresholds must
 * not fall from parent to child.
 */
export function sampleAboveOthers(where: Where, ratio: number): Fault {
  const threshold = thresholdOf(ratio);
  const keeps = ({ traceId }: Ids) => traceIdText(traceId).slice(-14) >= threshold;
  return (request) => sampleBy({ where, traceState: `ot=th:${threshold.slice(0, 4)}`, keeps }, request);
}

/** The threshold of consistent sampling, 14 hex digits of which four may differ from 0. */
function thresholdOf(ratio: number): string {
  const head = Math.round((1 - ratio) * 0x10000).toString(16);
  return head.padStart(4, '0').padEnd(14, '0');
}

/** Spans that call others stay open so much longer than what they called: streams, jobs. They come late, not never. */
export function holdOpen(where: Where, of: { ratio: number; ms: number }, draw: Draw): Fault {
  return (request) => {
    if (!isMet(where, request) || request.signal !== 'traces') return [request];
    const held = new Set(request.spans.filter(({ kind }) => kind === 'Client' && draw.happens(of.ratio)));
    const rest = request.spans.filter((span) => !held.has(span));
    const later = [...held].map((span) => ({ ...span, endMs: span.endMs + of.ms }));
    return [
      { ...request, spans: rest },
      {
        ...request,
        spans: later,
        sentMs: request.sentMs + of.ms,
        arrivedMs: request.arrivedMs + of.ms,
      },
    ].filter(({ spans }) => spans.length > 0);
  };
}

type Ids = Pick<SpanItem, 'traceId' | 'spanId'>;

/** Spans that are not kept are not exported, and log records say of theirs what became of it. */
function sampleBy(
  of: { readonly where: Where; readonly traceState: string; readonly keeps: (ids: Ids) => boolean },
  request: ExportRequest,
): readonly ExportRequest[] {
  if (!isMet(of.where, request) || request.signal === 'metrics') return [request];
  if (request.signal === 'logs')
    return [{ ...request, logs: request.logs.map((log) => ({ ...log, isSampled: of.keeps(log) })) }];
  const spans = request.spans.filter(of.keeps);
  return spans.length === 0 ? [] : [{ ...request, traceState: of.traceState, spans }];
}

function shift(request: ExportRequest, byMs: () => number): ExportRequest {
  const moved = <Item extends { readonly timeMs: number }>(items: readonly Item[]) =>
    items.map((item) => ({ ...item, timeMs: item.timeMs + byMs() }));
  return {
    ...request,
    spans: request.spans.map((span) => {
      const ms = byMs();
      return ms === 0 ? span : { ...span, startMs: span.startMs + ms, endMs: span.endMs + ms };
    }),
    logs: moved(request.logs),
    points: moved(request.points),
  };
}
