import type { Signal } from '../../core/signal.ts';

/** One export request, as a real SDK serializes it. */
export interface Payload {
  readonly signal: Signal;
  readonly itemCount: number;
  readonly protobuf: Uint8Array;
}

/** What payloads are made of; the same seed makes the same ones, but for ids, which the SDK draws. */
export interface PayloadMix {
  readonly signal: Signal;
  /** Different payloads, sent in turn: one alone would flatter compression and dictionaries. */
  readonly payloads: number;
  /** `service.instance.id`s over all payloads, three in each payload. */
  readonly sources: number;
  readonly nowMs: number;
  readonly random: () => number;
}
