import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { reportFinding } from '../../alerts/report-finding.ts';
import { channelsFor, deliveryId } from '../../alerts/tell.ts';
import type { Telling } from '../../alerts/telling.ts';
import { sendWebhook } from '../../alerts/webhook.ts';
import { makeFinding } from './make-finding.ts';
import { T0_MS } from './make-verdict.ts';

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const telling = reportFinding(makeFinding(), { nowMs: T0_MS, previous: null }) as Telling;
const { report } = telling;
let server: Server | undefined;

/** A real receiver that answers with `status`; null answers nothing and hangs up. */
async function receiver(status: number | null, answer = ''): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ headers: request.headers, body });
    if (status === null) request.socket.destroy();
    else response.writeHead(status, { location: '/elsewhere' }).end(answer);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, seen };
}

const send = (url: string, secret: string | undefined = 's3cret') =>
  sendWebhook({ url, secret, report, deliveryId: deliveryId(telling, 'webhook'), fetch, now: () => T0_MS });

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('sendWebhook', () => {
  it('posts the report, signed so that the receiver can verify it', async () => {
    const { url, seen } = await receiver(204);
    expect(await send(url)).toBe(204);
    const [{ headers, body }] = seen as [Seen];
    expect(JSON.parse(body)).toEqual({ report: JSON.parse(JSON.stringify(report)) });
    const signature = String(headers['x-plumbline-signature']);
    const [, unixSeconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(unixSeconds).toBe(String(Math.floor(T0_MS / 1_000)));
    expect(mac).toBe(createHmac('sha256', 's3cret').update(`${unixSeconds}.${body}`).digest('hex'));
    expect(headers['x-plumbline-report-id']).toBe(report.id);
    expect(headers['x-plumbline-delivery']).toBe(`${report.id}.webhook.${T0_MS}`);
    expect(headers['content-type']).toBe('application/json');
  });

  it('sends no signature without a secret, and credentials of the URL as a header', async () => {
    const { url, seen } = await receiver(200);
    await sendWebhook({
      url: url.replace('//', '//me:p%40ss@'),
      secret: undefined,
      report,
      deliveryId: 'd',
      fetch,
      now: () => T0_MS,
    });
    expect(seen[0]?.headers['x-plumbline-signature']).toBeUndefined();
    expect(seen[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it.each([
    [503, 'webhook_unavailable'],
    [500, 'webhook_unavailable'],
    [429, 'webhook_unavailable'],
    [null, 'webhook_unavailable'],
    [400, 'webhook_refused'],
    [404, 'webhook_refused'],
    [302, 'webhook_refused'],
  ])('%s is %s', async (status, code) => {
    const { url, seen } = await receiver(status, 'no such\nhook');
    await expect(send(url)).rejects.toMatchObject({ code });
    expect(seen).toHaveLength(1);
  });

  it('says what the receiver said, and keeps the path of the URL to itself', async () => {
    const { url } = await receiver(400, 'no such\nhook');
    const error = await send(url).catch((reason: Error) => reason);
    expect(String(error)).toContain('with 400: no such hook;');
    expect(String(error)).not.toContain('secret-path');
  });

  it('counts a receiver that is not there as unavailable, and says why', async () => {
    const { url } = await receiver(200);
    await new Promise((resolve) => server?.close(resolve));
    await expect(send(url)).rejects.toMatchObject({
      code: 'webhook_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('does not read an answer without end', async () => {
    server = createServer((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    expect(await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toBe(200);
  });
});

describe('channelsFor', () => {
  it('sends news to the webhook when there is one, and mere updates to nobody', () => {
    expect(channelsFor(telling, { webhookUrl: 'http://x' })).toEqual(['webhook']);
    expect(channelsFor(telling, { webhookUrl: undefined })).toEqual([]);
    expect(channelsFor({ ...telling, news: 'updated' }, { webhookUrl: 'http://x' })).toEqual([]);
  });
});
