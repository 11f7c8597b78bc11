import type { Pick } from './pick.ts';

/** Bytes that mean something: ends of ranges, tags of OTLP's fields, groups, halves of UTF-8. */
const TELLING = [
  0x00, 0x01, 0x07, 0x0a, 0x0b, 0x0c, 0x12, 0x1a, 0x22, 0x2a, 0x31, 0x3a, 0x4a, 0x7f, 0x80, 0xc0, 0xed, 0xff,
];

/** Mutations that know nothing of the format; `other` is what may be spliced in. */
export function mutateBytes(pick: Pick, bytes: Buffer, other: Buffer): Buffer {
  const at = pick.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + pick.below(20));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const mutations: readonly (() => Buffer)[] = [
    () => before, // truncated
    () =>
      Buffer.concat([
        before,
        after.subarray(0, 1).map((byte) => byte ^ (1 << pick.below(8))),
        after.subarray(1),
      ]),
    () => Buffer.concat([before, Buffer.of(pick.of(TELLING)), after.subarray(1)]),
    () => Buffer.concat([before, Buffer.of(pick.of(TELLING)), after]),
    () => Buffer.concat([before, pick.bytes(12), after]),
    () => Buffer.concat([before, bytes.subarray(to)]),
    () => Buffer.concat([before, bytes.subarray(at, to), after]),
    () => Buffer.concat([before, other.subarray(pick.below(other.length + 1))]),
    () => Buffer.concat([before, other, after]),
  ];
  return pick.of(mutations)();
}
