import { ANOMALY } from '../../core/anomaly.ts';
import type { Arrival } from './arrival.ts';
import type { WireReader } from './wire-reader.ts';

/**
 * One of a record's times, as Int64 halves. A time that does not fit (2^63 ns and above, after April 2262) is
 * replaced by the arrival time and marked, so sums of times and durations never overflow.
 */
export class EventTime {
  low = 0;
  high = 0;
  /** Whether a time was sent, and not 0, which is OTLP's word for unknown. */
  known = false;

  /** @returns anomaly bits */
  read(reader: WireReader, at: number, arrival: Arrival): number {
    this.low = at < 0 ? 0 : reader.view.getInt32(at, true);
    this.high = at < 0 ? 0 : reader.view.getInt32(at + 4, true);
    this.known = (this.low | this.high) !== 0;
    if (this.high >= 0) return 0;
    this.setArrival(arrival);
    return ANOMALY.timeOutOfRange;
  }

  setArrival(arrival: Arrival): void {
    this.low = arrival.nsLow;
    this.high = arrival.nsHigh;
  }

  isBefore(other: EventTime): boolean {
    return this.high < other.high || (this.high === other.high && this.low >>> 0 < other.low >>> 0);
  }
}
