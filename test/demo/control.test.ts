import { afterEach, describe, expect, it } from 'vitest';
import { startControl } from '../../demo/control.ts';
import { type FaultSwitches, NO_FAULTS } from '../../demo/faults/fault.ts';

const closing: AbortController[] = [];
afterEach(() => {
  for (const controller of closing.splice(0)) controller.abort();
});

async function control() {
  const controller = new AbortController();
  closing.push(controller);
  let faults: FaultSwitches = NO_FAULTS;
  const port = await startControl({
    port: 0,
    signal: controller.signal,
    faults: () => faults,
    switchFault: (fault, on) => {
      faults = { ...faults, [fault]: on };
    },
  });
  return (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

describe('the control port', () => {
  it('switches faults on and off', async () => {
    const ask = await control();
    expect(await (await ask('/faults/lose/on', { method: 'POST' })).json()).toEqual({
      faults: { ...NO_FAULTS, lose: true },
    });
    await ask('/faults/stuck/on', { method: 'POST' });
    await ask('/faults/lose/off', { method: 'POST' });
    expect(await (await ask('/faults')).json()).toMatchObject({ faults: { ...NO_FAULTS, stuck: true } });
  });

  it.each([
    ['an unknown fault', '/faults/melt/on', { method: 'POST' }, 404],
    ['reading as a switch', '/faults/lose/on', {}, 404],
    [
      'a web page',
      '/faults/lose/on',
      { method: 'POST', headers: { origin: 'http://attacker.example' } },
      403,
    ],
  ])('refuses %s', async (_, path, init, status) => {
    const ask = await control();
    const response = await ask(path, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('error');
    expect(await (await ask('/faults')).json()).toMatchObject({ faults: NO_FAULTS });
  });
});
