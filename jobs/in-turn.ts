/** What was read of one service, and when. */
export interface ReadAt<Value> {
  readonly atMs: number;
  readonly value: Value;
}

/**
 * Something that is read of so many services a period, and no more: of few all of them each time, of thousands
 * they take turns, so that a tick stays short however many there are.
 */
export interface InTurn<Input, Value> {
  /** @returns by the key that `read` gives; of services that are no longer named nothing */
  get(
    input: Input & { readonly nowMs: number; readonly serviceNames: readonly string[] },
  ): Promise<ReadonlyMap<string, ReadAt<Value>>>;
}

/**
 * @param of.servicesMax how many services are read at a time
 * @param of.forgetMs how old what was read may become
 * @param read gives values by keys of its own
 */
export function inTurn<Input, Value>(
  of: { everyMs: number; phaseMs: number; servicesMax: number; forgetMs: number },
  read: (
    input: Input & { readonly nowMs: number; readonly serviceNames: readonly string[] },
  ) => Promise<ReadonlyMap<string, Value>>,
): InTurn<Input, Value> {
  const known = new Map<string, ReadAt<Value>>();
  let lastPeriod: number | null = null;
  let lastName = '';
  return {
    get: async (input) => {
      const period = Math.floor((input.nowMs - of.phaseMs) / of.everyMs);
      if (period === lastPeriod) return known;
      const names = nextNames(input.serviceNames, lastName, of.servicesMax);
      for (const [key, value] of await read({ ...input, serviceNames: names }))
        known.set(key, { atMs: input.nowMs, value });
      for (const [key, { atMs }] of known) if (atMs < input.nowMs - of.forgetMs) known.delete(key);
      lastPeriod = period;
      lastName = names.at(-1) ?? '';
      return known;
    },
  };
}

/** The next in order of name after `last`, from the beginning again after the end. */
function nextNames(all: readonly string[], last: string, most: number): readonly string[] {
  const sorted = all.toSorted();
  if (sorted.length <= most) return sorted;
  const after = sorted.findIndex((name) => name > last);
  const rotated = after < 0 ? sorted : [...sorted.slice(after), ...sorted.slice(0, after)];
  return rotated.slice(0, most);
}
