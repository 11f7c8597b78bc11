import { describe, expect, it } from 'vitest';
import { readBeside } from '../../jobs/read-beside.ts';

/** A reading that ends when it is told to, and gives the time it was asked at. */
function slowReading() {
  const begun: { atMs: number; end: () => void; fail: (error: Error) => void }[] = [];
  const read = ({ nowMs }: { nowMs: number }) =>
    new Promise<number>((resolve, reject) => {
      begun.push({ atMs: nowMs, end: () => resolve(nowMs), fail: reject });
    });
  return { begun, beside: readBeside(3_000, read) };
}
const turn = () => new Promise((resume) => setImmediate(resume));

describe('readBeside', () => {
  it('waits for the first reading, then gives the last one while the next is under way', async () => {
    const { begun, beside } = slowReading();
    const first = beside.get({ nowMs: 1_000 });
    begun[0]?.end();
    expect(await first).toBe(1_000);
    expect(await beside.get({ nowMs: 2_000 })).toBe(1_000);
    expect(await beside.get({ nowMs: 3_000 })).toBe(1_000);
    expect(begun.map(({ atMs }) => atMs)).toEqual([1_000, 2_000]);
    begun[1]?.end();
    await turn();
    expect(await beside.get({ nowMs: 4_000 })).toBe(2_000);
  });

  it.each([
    ['waits when what is known is too old', 4_001],
    ['waits when the clock was set back', -2_001],
  ])('%s', async (_, nowMs) => {
    const { begun, beside } = slowReading();
    const first = beside.get({ nowMs: 1_000 });
    begun[0]?.end();
    await first;
    const later = beside.get({ nowMs });
    begun[1]?.end();
    expect(await later).toBe(nowMs);
  });

  it('reads again when the reading that was waited for had begun too long ago', async () => {
    const { begun, beside } = slowReading();
    const first = beside.get({ nowMs: 1_000 });
    begun[0]?.end();
    await first;
    await beside.get({ nowMs: 2_000 });
    const later = beside.get({ nowMs: 9_000 });
    begun[1]?.end();
    await turn();
    begun[2]?.end();
    expect(await later).toBe(9_000);
  });

  it('tells of a failure to who asks next, and of the recovery after it', async () => {
    const { begun, beside } = slowReading();
    const first = beside.get({ nowMs: 1_000 });
    begun[0]?.end();
    await first;
    await beside.get({ nowMs: 2_000 });
    begun[1]?.fail(new Error('gone'));
    await turn();
    const failing = beside.get({ nowMs: 2_500 });
    begun[2]?.fail(new Error('still gone'));
    await expect(failing).rejects.toThrow('still gone');
    const again = beside.get({ nowMs: 2_600 });
    begun[3]?.end();
    expect(await again).toBe(2_600);
  });
});
