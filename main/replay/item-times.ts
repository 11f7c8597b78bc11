import type { Signal } from '../../core/signal.ts';
import { MESSAGES, REQUEST_MESSAGE, wireTypeOf } from '../../ingest/transcode/otlp-schema.ts';
import { WireReader } from '../../ingest/transcode/wire-reader.ts';

/** When the items of a request happened; null when none of them says. */
export interface ItemTimes {
  readonly oldestMs: number;
  readonly newestMs: number;
}

/** When something happened or ended; where a counter began is no time of an item. */
const TIMES: ReadonlySet<string> = new Set(['timeUnixNano', 'endTimeUnixNano', 'observedTimeUnixNano']);
/** Parts of an item, with times of their own that are none of the item. */
const LEFT_OUT: ReadonlySet<string> = new Set(['KeyValue', 'AnyValue', 'Event', 'Link', 'Exemplar']);
/** 2262: later times are no times (the columns end there). */
const NANOS_HIGH_MAX = 0x7fffffff;

/** By message and tag: a time, or the message to go down into. */
const PLANS: ReadonlyMap<string, ReadonlyMap<number, 'time' | string>> = new Map(
  Object.entries(MESSAGES).map(([message, fields]) => [
    message,
    new Map(
      fields.flatMap((field): [number, string][] => {
        const tag = (field.number << 3) | wireTypeOf(field);
        if (TIMES.has(field.name)) return [[tag, 'time']];
        return field.message === undefined || LEFT_OUT.has(field.message) ? [] : [[tag, field.message]];
      }),
    ),
  ]),
);

/** @throws PipelineError otlp_malformed */
export function itemTimes(signal: Signal, body: Uint8Array): ItemTimes | null {
  const seen = { oldestMs: Number.POSITIVE_INFINITY, newestMs: Number.NEGATIVE_INFINITY };
  see(new WireReader(body), body.length, { message: REQUEST_MESSAGE[signal], seen });
  return seen.newestMs === Number.NEGATIVE_INFINITY ? null : seen;
}

function see(
  reader: WireReader,
  end: number,
  { message, seen }: { message: string; seen: { oldestMs: number; newestMs: number } },
): void {
  const plan = PLANS.get(message) as ReadonlyMap<number, string>;
  while (reader.position < end) {
    const tag = reader.tag(end);
    const what = plan.get(tag);
    if (what === undefined) reader.skip(tag, end);
    else if (what === 'time') seeTime(reader, reader.fixed(8, end), seen);
    else see(reader, reader.contentEnd(end), { message: what, seen });
  }
}

function seeTime(reader: WireReader, at: number, seen: { oldestMs: number; newestMs: number }): void {
  const low = reader.view.getUint32(at, true);
  const high = reader.view.getUint32(at + 4, true);
  if ((low | high) === 0 || high > NANOS_HIGH_MAX) return;
  const ms = (high * 4_294_967_296 + low) / 1e6;
  if (ms < seen.oldestMs) seen.oldestMs = ms;
  if (ms > seen.newestMs) seen.newestMs = ms;
}
