import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowingBytes } from '../../../ingest/transcode/columns/growing-bytes.ts';
import { BucketSum } from '../../../ingest/transcode/metrics/bucket-sum.ts';
import { RangeList } from '../../../ingest/transcode/metrics/range-list.ts';
import { WireReader } from '../../../ingest/transcode/wire-reader.ts';

const small = fc.bigInt(0n, 127n);
/** Runs of small counts with large ones among them: the small are read several at once. */
const counts = fc.array(fc.oneof({ weight: 6, arbitrary: small }, fc.bigInt(0n, 2n ** 64n - 1n)), {
  maxLength: 40,
});

function varint(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  return value < 0x80n ? [low] : [low | 0x80, ...varint(value >> 7n)];
}

const fixed = (values: readonly bigint[]): Buffer => Buffer.from(BigUint64Array.from(values).buffer);

it('stores packed varints, and varints sent alone, in order, and adds them up', () => {
  const stored = fc.property(counts, counts, (packed, alone) => {
    const content = packed.flatMap(varint);
    const length = varint(BigInt(content.length));
    const bytes = Buffer.from([...length, ...content, ...alone.flatMap(varint)]);
    const reader = new WireReader(bytes);
    const list = new RangeList();
    list.readPackedVarints(reader, bytes.length);
    for (const _ of alone) list.readVarint(reader, bytes.length);
    expect(reader.position).toBe(bytes.length);

    const all = [...packed, ...alone];
    const column = new GrowingBytes();
    const sum = new BucketSum();
    list.writeVarints(column, reader, sum);
    expect(list.count).toBe(all.length);
    expect(Buffer.from(column.filled())).toEqual(fixed(all));
    const total = all.reduce((left, right) => left + right, 0n);
    const told = new WireReader(fixed([BigInt.asUintN(64, total)]));
    expect(sum.equals(told, 0)).toBe(total < 2n ** 64n);
  });
  fc.assert(stored, { numRuns: 500 });
});
