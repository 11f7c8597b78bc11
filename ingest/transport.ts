import type { Log } from '../core/log.ts';
import type { Admission } from './admission.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { KeyCheck } from './key-check.ts';
import type { BodyLimits } from './read-body.ts';

export interface TransportLimits extends BodyLimits {
  /** Until a new connection must have sent the headers of a request, or said that it speaks HTTP/2. */
  readonly headersMsMax: number;
  /** An HTTP/2 connection that leaves a PING unanswered for so long is dead, or stuck in the middle of a frame. */
  readonly silentMsMax: number;
}

/** What a transport needs; it owns its sockets and nothing else. */
export interface TransportParts {
  readonly host: string;
  readonly port: number;
  readonly limits: TransportLimits;
  readonly admission: Admission;
  readonly keys: KeyCheck;
  readonly metrics: IngestMetrics;
  readonly log: Log;
  readonly random: () => number;
}

export interface Transport {
  readonly port: number;
  /** Takes no more connections and closes the idle ones; to be called when nothing is in flight any more. */
  close(): Promise<void>;
}
