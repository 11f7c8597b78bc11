import type { Draw } from '../traffic/draw.ts';
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
 * Each service keeps spans by its own coin, whatever its callers decided, and says nothing about it: a parent that
 * is missing then was never kept. No loss.
 */
export function sampleAlone(where: Where, ratio: number, draw: Draw): Fault {
  return sampleBy(where, '', () => draw.happens(ratio));
}

/** The same, and its marks claim to be consistent: a threshold that the trace ids contradict. */
export function sampleAgainstMarks(where: Where, ratio: number, draw: Draw): Fault {
  const threshold = Math.round((1 - ratio) * 0x10000)
    .toString(16)
    .padStart(4, '0');
  return sampleBy(where, `ot=th:${threshold}`, () => draw.happens(ratio));
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

function sampleBy(where: Where, traceState: string, keeps: (span: SpanItem) => boolean): Fault {
  return (request) => {
    if (!isMet(where, request) || request.signal !== 'traces') return [request];
    const spans = request.spans.filter(keeps);
    return spans.length === 0 ? [] : [{ ...request, traceState, spans }];
  };
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
