import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteDictionary } from '../../../ingest/transcode/columns/byte-dictionary.ts';
import { KeyOrder } from '../../../ingest/transcode/columns/key-order.ts';
import { WireReader } from '../../../ingest/transcode/wire-reader.ts';

/** Not in the order of their numbers. */
const KEYS = Array.from({ length: 50 }, (_, i) => `key.${(i * 37) % 50}`);

function expectedOrder(indexes: readonly number[]): number[] {
  const first = indexes.map((index, position) => (indexes.indexOf(index) === position ? position : -1));
  const key = (position: number): string => KEYS[indexes[position] as number] as string;
  return first.filter((position) => position >= 0).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

it('orders lists by key whatever came before them, long ones among short', () => {
  const dictionary = new ByteDictionary();
  for (const key of KEYS) dictionary.indexOf(new WireReader(Buffer.from(key)), 0, key.length);
  const index = fc.nat(KEYS.length - 1);
  const short = fc.array(index, { maxLength: 4 });
  const long = fc.array(index, { minLength: 33, maxLength: 40 });
  // Few different lists, so that each comes again.
  const lists = fc
    .tuple(fc.array(short, { minLength: 1, maxLength: 3 }), long)
    .chain(([shorts, one]) => fc.array(fc.constantFrom(...shorts, one), { minLength: 2, maxLength: 12 }));
  const ordered = fc.property(lists, (sequence) => {
    const order = new KeyOrder();
    for (const list of sequence) {
      const count = order.sort(dictionary, Int32Array.from(list), list.length);
      expect([...order.positions.subarray(0, count)]).toEqual(expectedOrder(list));
    }
  });
  fc.assert(ordered, { numRuns: 300 });
});
