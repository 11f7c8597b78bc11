import { logs, metrics, SeverityNumber } from '@opentelemetry/api';
import { startExportPath } from '../faults/export-path.ts';
import { strain } from '../faults/stuck-state.ts';
import { consistentSampler } from '../sampling/consistent-sampler.ts';
import { incoherentSampler } from '../sampling/incoherent-sampler.ts';
import { callService } from './call-service.ts';
import { serveRoutes } from './serve-routes.ts';
import { startProcess } from './start-process.ts';
import { startTelemetry } from './start-telemetry.ts';
import { workFor } from './work-for.ts';

/** What one replica of the simulated deployment serves before requests begin to queue. */
const REQUESTS_PER_SECOND_AND_REPLICA = 12;
const REPLICAS_AT_START = 4;
const LOAD_WINDOW_MS = 5_000;

const checkout = await startProcess();
const { samplingProbability } = checkout.options;
const exportPath = await startExportPath({
  upstreamUrl: checkout.url('otlp'),
  faults: checkout.faults,
  random: Math.random,
  signal: checkout.signal,
});
// The SDK reads its endpoint here; the port of the relay was not known when the process was started.
process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = exportPath.url;
startTelemetry(
  checkout,
  incoherentSampler({
    coherent: consistentSampler(samplingProbability),
    samplingProbability,
    isOn: () => checkout.faults().incoherent,
    random: Math.random,
  }),
);

let replicas = REPLICAS_AT_START;
let stuckSinceMs: number | null = null;
const arrivals: number[] = [];
const logger = logs.getLogger('shop');
const meter = metrics.getMeter('shop');
const orders = meter.createCounter('shop.orders', { unit: '{order}' });
meter.createObservableGauge('shop.checkout.replicas', { unit: '{replica}' }).addCallback((result) => {
  result.observe(replicas);
});

function requestsPerSecond(nowMs: number): number {
  while (arrivals.length > 0 && (arrivals[0] as number) < nowMs - LOAD_WINDOW_MS) arrivals.shift();
  return arrivals.length / (LOAD_WINDOW_MS / 1_000);
}

/** What a request costs now, and whether it will fail: load on the replicas, and the bad state. */
function meetRequest(): { workMs: number; fails: boolean } {
  const nowMs = Date.now();
  arrivals.push(nowMs);
  if (checkout.faults().stuck) stuckSinceMs ??= nowMs;
  else stuckSinceMs = null;
  const { extraMs, failRatio } = strain(stuckSinceMs, nowMs);
  const utilisation = requestsPerSecond(nowMs) / (replicas * REQUESTS_PER_SECOND_AND_REPLICA);
  return { workMs: 25 + 30 * utilisation ** 2 + extraMs, fails: Math.random() < failRatio };
}

function failWithLog(what: string): never {
  const body = `${what}: the queue of the worker is full`;
  logger.emit({ severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body });
  throw new Error('the queue of the worker is full');
}

async function addToCart(): Promise<Readonly<Record<string, unknown>>> {
  const { workMs, fails } = meetRequest();
  await workFor(workMs, Math.random);
  await callService(checkout.url('cart'), 'POST', '/items');
  return fails ? failWithLog('cart not changed') : { added: true };
}

async function placeOrder(): Promise<Readonly<Record<string, unknown>>> {
  const { workMs, fails } = meetRequest();
  await callService(checkout.url('cart'), 'GET', '/items');
  await workFor(workMs, Math.random);
  await callService(checkout.url('payment'), 'POST', '/charges');
  if (fails) return failWithLog('order not placed');
  orders.add(1);
  logger.emit({ severityNumber: SeverityNumber.INFO, severityText: 'INFO', body: 'order placed' });
  return { placed: true };
}

const port = await serveRoutes({
  signal: checkout.signal,
  routes: { 'POST /orders': placeOrder, 'POST /cart': addToCart },
  unobserved: {
    'GET /load': async () => ({ replicas, requestsPerSecond: requestsPerSecond(Date.now()) }),
    'POST /replicas': async (url) => {
      replicas = Number(url.searchParams.get('count'));
      return { replicas };
    },
  },
});
checkout.tell({ kind: 'listening', port });
