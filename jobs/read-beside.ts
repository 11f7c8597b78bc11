/** Something that takes longer to read than who asks for it can wait. */
export interface ReadBeside<Input, Value> {
  /** What was read last, while it is read anew beside; waits only where nothing young enough is known. */
  get(input: Input & { readonly nowMs: number }): Promise<Value>;
}

/**
 * One reading at a time. One that fails is forgotten: whoever asks next waits for another, and gets its failure.
 * @param ageMsMax how old what is given may be, from the `nowMs` that it was read with
 */
export function readBeside<Input, Value>(
  ageMsMax: number,
  read: (input: Input & { readonly nowMs: number }) => Promise<Value>,
): ReadBeside<Input, Value> {
  let known: { readonly atMs: number; readonly value: Value } | null = null;
  let reading: Promise<void> | null = null;
  const begin = (input: Input & { readonly nowMs: number }): Promise<void> => {
    reading ??= read(input)
      .then(
        (value) => {
          known = { atMs: input.nowMs, value };
        },
        (error) => {
          known = null;
          throw error;
        },
      )
      .finally(() => {
        reading = null;
      });
    return reading;
  };
  return {
    get: async (input) => {
      const last = known;
      const next = begin(input);
      if (last !== null && Math.abs(input.nowMs - last.atMs) <= ageMsMax) {
        next.catch(() => undefined); // who asks next waits for it, and is told
        return last.value;
      }
      await next;
      const isYoung = known !== null && Math.abs(input.nowMs - known.atMs) <= ageMsMax;
      if (!isYoung) await begin(input); // that one was begun long before
      return (known as unknown as { value: Value }).value;
    },
  };
}
