import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { externalScalerService } from '../../main/adapters/keda/serve-external-scaler.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { writeRows } from '../../store/write-rows.ts';
import { tracesVerdicts } from '../gates/judged-world.ts';
import { spanRow, traceIdOf } from '../store/span-row.ts';
import { startTestWorld, type TestWorld } from './start-adapters.ts';

const KEY = 'a-key-for-the-test';
const MINUTE_MS = 60_000;

let world: TestWorld;
let open: Client;
let locked: Client;

/** So many requests in each of the last five minutes: whichever of them is the settled one. */
const spans = (service: string, count: number) =>
  [0, 1, 2, 3, 4].flatMap((minute) =>
    Array.from({ length: count }, (_, i) =>
      spanRow({
        service,
        traceId: traceIdOf(minute * count + i + 1),
        spanId: (minute * count + i).toString(16).padStart(16, '0'),
        startMs: (Math.floor(Date.now() / MINUTE_MS) - minute) * MINUTE_MS + i,
        receivedMs: Date.now(),
        traceState: 'ot=th:0', // every request is kept, and says so
      }),
    ),
  );

beforeAll(async () => {
  world = await startTestWorld();
  await writeRows(world.engine.client, 'otel_traces', [
    ...spans('checkout', 300),
    ...spans('idle', 60),
    ...spans('cart', 120),
  ]);
  const fresh = { evaluatedAtMs: Date.now() - 500, validForMs: 600_000 };
  const trusted = ['idle', 'uncounted'].flatMap((serviceName) =>
    tracesVerdicts('pass', { ...fresh, serviceName }),
  );
  await insertVerdicts(world.engine.client, trusted);
  const ports = await Promise.all([
    world.start('open', { kedaPort: 0 }),
    world.start('locked', { kedaPort: 0, keys: [KEY] }),
  ]);
  const Scaler = externalScalerService();
  [open, locked] = ports.map(
    ({ kedaPort }) => new Scaler(`127.0.0.1:${kedaPort}`, credentials.createInsecure()),
  ) as unknown as [Client, Client];
});
afterAll(async () => {
  open.close();
  locked.close();
  await world.close();
});

type Method = 'IsActive' | 'GetMetricSpec' | 'GetMetrics';

// biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
function call(client: Client, method: Method, given: Record<string, string>): Promise<any> {
  const ref = { name: 'checkout', namespace: 'shop', scalerMetadata: { scalerAddress: 'x:1', ...given } };
  const request = method === 'GetMetrics' ? { scaledObjectRef: ref, metricName: 'plumbline-requests' } : ref;
  return new Promise((done, failed) => {
    // biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
    (client as any)[method](request, (error: ServiceError | null, answer: unknown) =>
      error === null ? done(answer) : failed(error),
    );
  });
}

const value = async (given: Record<string, string>) => {
  const { metricValues } = await call(open, 'GetMetrics', given);
  return metricValues;
};

describe('the external scaler', () => {
  it('tells the verified rate where scaling down is allowed', async () => {
    expect(await value({ service: 'checkout', target: '2' })).toEqual([
      { metricName: 'plumbline-requests', metricValue: 5, metricValueFloat: 5 },
    ]);
  });

  it('keeps the replicas that must stay: no value asks for fewer', async () => {
    const [{ metricValueFloat }] = await value({ service: 'checkout', target: '50' });
    expect(metricValueFloat / 50).toBe(2);
  });

  it.each([
    ['data that is not known', 'cart', /^hold: /],
    ['data that is broken', 'ads', /^hold: /],
    ['trusted data that counts no requests', 'uncounted', /nothing counts the requests/],
  ])('has no number on %s', async (_, service, details) => {
    await expect(value({ service, target: '50' })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringMatching(details),
    });
  });

  it('is active under load, whatever the gate says, and takes no silence for idleness', async () => {
    const isActive = (service: string, activation = '0') =>
      call(open, 'IsActive', { service, target: '50', activation });
    expect(await isActive('cart')).toEqual({ result: true });
    await expect(isActive('cart', '10')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(isActive('uncounted')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    // A boundary of two replicas forbids none, however little the load is.
    await expect(isActive('checkout', '10')).rejects.toMatchObject({
      details: expect.stringMatching(/^deny: /),
    });
    expect(await isActive('idle', '10')).toEqual({ result: false });
  });

  it('always has a specification: KEDA drops a metric without one, and the brake with it', async () => {
    const spec = (target: string) => call(open, 'GetMetricSpec', { service: 'cart', target });
    expect(await spec('2.5')).toEqual({
      metricSpecs: [{ metricName: 'plumbline-requests', targetSize: 2, targetSizeFloat: 2.5 }],
    });
    expect((await spec('many')).metricSpecs[0].targetSizeFloat).toBe(1);
    expect((await call(locked, 'GetMetricSpec', {})).metricSpecs).toHaveLength(1);
  });

  it.each([
    ['no service', { target: '50' }, /service/],
    ['no target', { service: 'checkout' }, /target/],
    ['a target of 0', { service: 'checkout', target: '0' }, /target/],
    ['another metric', { service: 'checkout', target: '1', metric: 'cpu' }, /must be "requests"/],
  ])('refuses a trigger with %s', async (_, given, details) => {
    await expect(value(given as Record<string, string>)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(details),
    });
  });

  it('wants a key where the server has keys', async () => {
    const given = { service: 'checkout', target: '2' };
    const refused = { code: status.UNAUTHENTICATED };
    await expect(call(locked, 'GetMetrics', given)).rejects.toMatchObject(refused);
    await expect(call(locked, 'GetMetrics', { ...given, key: 'other' })).rejects.toMatchObject(refused);
    await expect(call(locked, 'IsActive', given)).rejects.toMatchObject(refused);
    expect((await call(locked, 'GetMetrics', { ...given, keyFromEnv: KEY })).metricValues).toHaveLength(1);
  });

  it('pushes what it knows, and refuses a bad trigger', async () => {
    const first = (scalerMetadata: Record<string, string>) =>
      new Promise((done) => {
        // biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
        const stream = (open as any).StreamIsActive({ name: 'a', namespace: 'b', scalerMetadata });
        stream.once('data', (told: unknown) => {
          done(told);
          stream.cancel();
        });
        stream.on('error', ({ code }: ServiceError) => done(code));
      });
    expect(await first({ service: 'cart', target: '50' })).toEqual({ result: true });
    expect(await first({ service: 'cart' })).toBe(status.INVALID_ARGUMENT);
  });

  it('leaves the pushing of specifications to KEDA’s polling', async () => {
    const code = await new Promise((done) => {
      // biome-ignore lint/suspicious/noExplicitAny: the client is made from the proto
      const stream = (open as any).StreamMetricSpec({ name: 'a', namespace: 'b', scalerMetadata: {} });
      stream.on('error', (error: ServiceError) => done(error.code));
    });
    expect(code).toBe(status.UNIMPLEMENTED);
  });
});

it('the ScaledObject with the external trigger holds what is there when no number comes', async () => {
  const path = resolve(import.meta.dirname, '../../deploy/adapters/keda/external-scaler.yaml');
  const { spec } = parse(readFileSync(path, 'utf8'));
  expect(spec.fallback.behavior).toBe('currentReplicasIfHigher');
  const [{ type, metadata }] = spec.triggers;
  expect(type).toBe('external');
  const { keyFromEnv: _, ...given } = metadata;
  expect(await value(given)).toHaveLength(1);
});
