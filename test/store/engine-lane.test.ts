import { describe, expect, it } from 'vitest';
import { EngineLane } from '../../store/engine/engine-lane.ts';

/** Work that ends when it is told to. */
function gate(): { work: () => Promise<void>; open: () => void; started: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let started = false;
  return {
    work: () => {
      started = true;
      return promise;
    },
    open: resolve,
    started: () => started,
  };
}

const staying = new AbortController().signal;

describe('EngineLane', () => {
  it('runs as many as it has slots, the others in order of arrival', async () => {
    const lane = new EngineLane({ name: 'test', slots: 1, queueMax: 2 });
    const gates = [gate(), gate(), gate()];
    const runs = gates.map(({ work }) => lane.run(staying, work));
    for (const [i, { open }] of gates.entries()) {
      await expect.poll(() => gates.map(({ started }) => started())).toEqual([true, i > 0, i > 1]);
      open();
      await runs[i];
    }
  });

  it('refuses at once when its line is full, and takes more when it is not', async () => {
    const lane = new EngineLane({ name: 'test', slots: 1, queueMax: 1 });
    const gates = [gate(), gate()];
    const runs = gates.map(({ work }) => lane.run(staying, work));
    await expect(lane.run(staying, async () => 1)).rejects.toMatchObject({ code: 202 });
    for (const { open } of gates) open();
    await Promise.all(runs);
    expect(await lane.run(staying, async () => 2)).toBe(2);
  });

  it('forgets callers who leave while they wait', async () => {
    const lane = new EngineLane({ name: 'test', slots: 1, queueMax: 1 });
    const first = gate();
    const running = lane.run(staying, first.work);
    const leave = new AbortController();
    const waiting = gate();
    const given = lane.run(leave.signal, waiting.work);
    leave.abort();
    await expect(given).rejects.toMatchObject({ code: 394 });
    await expect(lane.run(leave.signal, waiting.work)).rejects.toMatchObject({ code: 394 });
    const next = lane.run(staying, async () => 3);
    first.open();
    await running;
    expect(await next).toBe(3);
    expect(waiting.started()).toBe(false);
  });

  it('frees its slot when work fails', async () => {
    const lane = new EngineLane({ name: 'test', slots: 1, queueMax: 0 });
    await expect(lane.run(staying, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lane.run(staying, async () => 4)).toBe(4);
  });
});
