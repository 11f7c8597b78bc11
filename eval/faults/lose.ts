import type { Draw } from '../traffic/draw.ts';
import { type Fault, isMet, type Where } from './fault.ts';
import { countOf } from './truth.ts';

/** Each record is lost alone, as by a queue that is full now and then. */
export function loseRecords(where: Where, ratio: number, draw: Draw): Fault {
  return (request, truth) => {
    if (!isMet(where, request)) return [request];
    const keep = <Item>(items: readonly Item[]) => items.filter(() => !draw.happens(ratio));
    const kept = {
      ...request,
      spans: keep(request.spans),
      logs: keep(request.logs),
      points: keep(request.points),
    };
    truth.lost(request, countOf(request) - countOf(kept));
    return countOf(kept) === 0 ? [] : [kept];
  };
}

/** An export is lost whole, as by an exporter that gives up. */
export function loseBatches(where: Where, ratio: number, draw: Draw): Fault {
  return (request, truth) => {
    if (!isMet(where, request) || !draw.happens(ratio)) return [request];
    truth.lost(request, countOf(request));
    return [];
  };
}

/** A Collector loses all that is sent through it for a while: `where` names the hop and the time. */
export function hopOutage(where: Where & { readonly hop: string }): Fault {
  return (request, truth) => {
    if (!isMet(where, request)) return [request];
    truth.lost(request, countOf(request));
    return [];
  };
}
