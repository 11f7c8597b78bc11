import { createTraceState, type TraceState } from '@opentelemetry/api';

/** Sampling threshold T as `ot=th:` spells it: 56 bits in hex, trailing zeros stripped, `0` for every span. */
export function thresholdHex(samplingProbability: number): string {
  if (!(samplingProbability > 0 && samplingProbability <= 1)) {
    throw new RangeError(`a sampling probability is in (0, 1], got ${samplingProbability}`);
  }
  // Four digits are what the specification asks of an SDK; more precision would claim more than is measured.
  const threshold = Math.round((1 - samplingProbability) * 2 ** 16);
  return threshold === 0 ? '0' : threshold.toString(16).padStart(4, '0').replace(/0+$/, '');
}

/** True when a consistent sampler keeps the trace: randomness R, the last 56 bits of the id, is at least T. */
export function keeps(traceId: string, thHex: string): boolean {
  // Both as 14 lowercase hex digits, which compare as text like the numbers do.
  return traceId.slice(18) >= thHex.padEnd(14, '0');
}

/** The trace state with `th` set to this threshold, or taken out when null; other members stay. */
export function withThreshold(traceState: TraceState | undefined, thHex: string | null): TraceState {
  const state = traceState ?? createTraceState();
  const others = (state.get('ot') ?? '').split(';').filter((pair) => pair !== '' && !pair.startsWith('th:'));
  const value = [...(thHex === null ? [] : [`th:${thHex}`]), ...others].join(';');
  return value === '' ? state.unset('ot') : state.set('ot', value);
}
