import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LOST_RATIO, startExportPath } from '../../demo/faults/export-path.ts';
import { type FaultSwitches, NO_FAULTS } from '../../demo/faults/fault.ts';

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

async function startPath(faults: () => FaultSwitches, status = 200) {
  const bodies: string[] = [];
  const upstream = createServer((request, response) => {
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => bodies.push(chunk));
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end());
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const closing = new AbortController();
  ending.push(() => {
    closing.abort();
    upstream.close();
    upstream.closeAllConnections();
  });
  // A fixed stream of chances: the counts below are the same on every run.
  let state = 1;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const { url } = await startExportPath({ upstreamUrl, faults, random, signal: closing.signal });
  const send = async (body: string): Promise<number> => {
    const headers = { 'content-type': 'application/x-protobuf' };
    return (await fetch(`${url}/v1/traces`, { method: 'POST', headers, body })).status;
  };
  return { bodies, send };
}

describe('the export path of checkout', () => {
  it('passes everything on while nothing is switched on', async () => {
    const { bodies, send } = await startPath(() => NO_FAULTS);
    for (let count = 0; count < 50; count++) expect(await send(`body ${count}`)).toBe(200);
    expect(bodies).toEqual(Array.from({ length: 50 }, (_, count) => `body ${count}`));
  });

  it('passes a refusal on, so that the SDK comes back', async () => {
    const { send } = await startPath(() => NO_FAULTS, 503);
    expect(await send('body')).toBe(503);
  });

  it('loses a fifth of the requests and says they were sent', async () => {
    const { bodies, send } = await startPath(() => ({ ...NO_FAULTS, lose: true }));
    const sent = 400;
    for (let count = 0; count < sent; count++) expect(await send(`body ${count}`)).toBe(200);
    const lostRatio = (sent - bodies.length) / sent;
    const deviation = Math.sqrt((LOST_RATIO * (1 - LOST_RATIO)) / sent);
    expect(Math.abs(lostRatio - LOST_RATIO)).toBeLessThan(4 * deviation);
  });

  it('holds requests and says they were sent, until it is off again', async () => {
    let delay = true;
    const { bodies, send } = await startPath(() => ({ ...NO_FAULTS, delay }));
    expect(await send('first')).toBe(200);
    expect(await send('second')).toBe(200);
    expect(bodies).toEqual([]);
    delay = false;
    expect(await send('third')).toBe(200);
    await expect.poll(() => [...bodies].sort()).toEqual(['first', 'second', 'third']);
  });
});
