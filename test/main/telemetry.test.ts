import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../core/log.ts';
import { startTelemetry, type Telemetry } from '../../main/telemetry.ts';

const logged: string[] = [];
const log: Log = {
  info: (_facts, text) => logged.push(text),
  warn: (_facts, text) => logged.push(text),
  error: (_facts, text) => logged.push(text),
};
const received: { url: string; type: string; authorization: string; bytes: number }[] = [];
let status = 200;
let receiver: Server;
let telemetry: Telemetry;

async function receive(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  const { 'content-type': type = '', authorization = '' } = request.headers;
  received.push({ url: request.url ?? '', type, authorization, bytes });
}

beforeEach(async () => {
  logged.length = 0;
  received.length = 0;
  status = 200;
  receiver = createServer((request, response) => {
    void receive(request).then(() => response.writeHead(status).end());
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  telemetry = startTelemetry({
    role: 'judge',
    instanceId: 'test',
    endpoint: `http://127.0.0.1:${port}`,
    key: 'secret',
    log,
    exportIntervalMs: 300,
    failuresSilentMs: 500,
  });
});
afterEach(() => {
  telemetry.close();
  receiver.close();
  receiver.closeAllConnections();
});

describe('own telemetry', () => {
  it('goes out as OTLP protobuf with the key, metrics and spans', async () => {
    telemetry.meter.createCounter('verdicts').add(3);
    const caller = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    telemetry.tracer.startSpan('ask', {}, trace.setSpanContext(ROOT_CONTEXT, caller)).end();
    await expect.poll(() => new Set(received.map(({ url }) => url)).size, { timeout: 5_000 }).toBe(2);
    expect(received[0]).toMatchObject({ type: 'application/x-protobuf', authorization: 'Bearer secret' });
    expect(received.map(({ url }) => url)).toContain('/v1/traces');
    expect(Math.min(...received.map(({ bytes }) => bytes))).toBeGreaterThan(50);
    expect(logged).toEqual([]);
  });

  it('says once that it cannot go out, and once that it can again', async () => {
    status = 400;
    await expect.poll(() => received.length, { timeout: 5_000 }).toBeGreaterThan(4);
    await expect.poll(() => logged.length).toBe(1);
    expect(logged[0]).toContain('Own metrics cannot be exported');
    status = 200;
    await expect.poll(() => logged.length, { timeout: 5_000 }).toBe(2);
    expect(logged[1]).toContain('exported again');
  });

  it('is also there as text, each series with its role', async () => {
    telemetry.meter.createCounter('verdicts', { description: 'Verdicts given' }).add(3, { outcome: 'pass' });
    const text = await telemetry.prometheusText();
    expect(text).toContain('# HELP verdicts_total Verdicts given');
    expect(text).toContain('verdicts_total{outcome="pass",plumbline_role="judge"} 3');
    expect(text).toContain('target_info{service_name="plumbline"');
  });
});
