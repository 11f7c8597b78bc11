import type { Arrival } from './file-arrivals.ts';

/** All files side by side, in the order in which their requests came. */
export async function* mergeArrivals(files: readonly AsyncIterable<Arrival>[]): AsyncGenerator<Arrival> {
  const open = files.map((file) => file[Symbol.asyncIterator]());
  const heads = await Promise.all(open.map(async (file) => ({ file, next: await file.next() })));
  for (;;) {
    let first: (typeof heads)[number] | null = null;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === null || head.next.value.receivedAtMs < first.next.value.receivedAtMs) first = head;
    }
    if (first === null) return;
    yield first.next.value;
    first.next = await first.file.next();
  }
}
