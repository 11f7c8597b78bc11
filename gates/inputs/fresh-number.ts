import { readInput } from './read-input.ts';

type Inputs = readonly Readonly<Record<string, unknown>>[];

/** The newest number that was observed for a signal; null where there is none, or none so fresh. */
export function freshNumber(
  inputs: Inputs,
  { signal, nowMs, ageMsMax }: { signal: string; nowMs: number; ageMsMax: number },
): number | null {
  const seen = inputs
    .filter((input) => input['signal'] === signal)
    .map((input) => readInput(input, nowMs))
    .filter(
      ({ number, observedAtMs }) =>
        number !== null && observedAtMs !== null && nowMs - observedAtMs <= ageMsMax,
    )
    .sort((left, right) => (right.observedAtMs ?? 0) - (left.observedAtMs ?? 0));
  return seen[0]?.number ?? null;
}
