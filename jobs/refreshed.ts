/** Something that is read again once a period at the most, and remembered in between. */
export interface Refreshed<Input, Value> {
  get(input: Input & { readonly nowMs: number }): Promise<Value>;
}

/**
 * @param everyMs the period
 * @param phaseMs where in the period it is read: reads with phases of their own do not all fall into one tick
 */
export function refreshed<Input, Value>(
  { everyMs, phaseMs }: { readonly everyMs: number; readonly phaseMs: number },
  read: (input: Input & { readonly nowMs: number }) => Promise<Value>,
): Refreshed<Input, Value> {
  let last: { readonly period: number; readonly value: Value } | null = null;
  return {
    get: async (input) => {
      const period = Math.floor((input.nowMs - phaseMs) / everyMs);
      if (last?.period !== period) last = { period, value: await read(input) };
      return last.value;
    },
  };
}
