import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MASK_METRIC_NAMES, type MaskHistory, type MaskSeries } from '../../core/mask-metrics.ts';
import type { ServiceSeries, SystemHistory } from '../../core/system-history.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import { readRows } from '../../store/read-rows.ts';
import { readSystemHistory } from '../../store/tallies/read-system-history.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { gaugeRow, histogramRow, sumRow } from './metric-rows.ts';

const MINUTE = 60_000;
const T0 = Math.floor(Date.now() / 600_000) * 600_000 - 3_600_000;

/** What it reads, and no more: each costs every insert. */
const TALLIES = [
  'action_records',
  'tally_call',
  'tally_duration_minute',
  'tally_mask_minute',
  'tally_metric_minute',
  'tally_peer_ten_minutes',
  'tally_retry_minute',
  'tally_service',
  'tally_version_minute',
  'tally_zone_minute',
];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
});
afterAll(() => engine.close());

const read = (serviceNames: readonly string[], minutes = 10): Promise<SystemHistory> =>
  readSystemHistory(engine.client, {
    serviceNames,
    fromMs: T0,
    untilMs: T0 + minutes * MINUTE + 30_000,
    unsampledNames: new Set(),
    intent: designIntentOf([]),
  });
const seriesOf = (history: SystemHistory, service: string, name: ServiceSeries): number[] => [
  ...(history.services.get(service)?.series[name] ?? []),
];
const maskOf = (history: SystemHistory, edge: string, name: MaskSeries): number[] => [
  ...((history.masks ?? []).find(({ from, to }) => `${from}->${to}` === edge)?.series[name] ?? []),
];

interface Said {
  readonly service: string;
  readonly instance?: string;
  readonly metric: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** A reading at the end of each minute; null: none. */
  readonly values: readonly (number | null)[];
  /** As Envoy of 2025 sends it: the start of a cumulative counter is its last flush. */
  readonly isStartFlush?: boolean;
  readonly temporality?: 1 | 2;
}

const pointsOf = ({ values, isStartFlush, ...point }: Said) =>
  values.flatMap((value, minute) => {
    const timeMs = T0 + (minute + 1) * MINUTE;
    const startMs = isStartFlush === true ? timeMs - 5_000 : T0 - MINUTE;
    return value === null ? [] : [{ ...point, value, startMs, timeMs, receivedMs: timeMs + 100 }];
  });
const send = (type: 'gauge' | 'sum' | 'histogram', said: readonly Said[]) =>
  writeRows(
    engine.client,
    `otel_metrics_${type}`,
    said.flatMap(pointsOf).map({ gauge: gaugeRow, sum: sumRow, histogram: histogramRow }[type]),
  );

describe('masks of libraries', () => {
  it('resilience4j, by Micrometer’s OTLP registry', async () => {
    const of = (metric: string, attributes: Record<string, string>, values: Said['values']): Said => ({
      service: 'checkout',
      metric: `resilience4j.${metric}`,
      attributes: { name: 'recs', ...attributes },
      values,
    });
    await send('gauge', [
      of('circuitbreaker.state', { state: 'closed' }, [1, 0, 0, 1]),
      of('circuitbreaker.state', { state: 'open' }, [0, 1, 0, 0]),
      of('circuitbreaker.state', { state: 'forced_open' }, [0, 0, 1, 0]),
      of('circuitbreaker.state', { state: 'half_open' }, [0, 0, 0, 0]),
      // 1.2 and before: numbers that only grow came as gauges
      of('retry.calls', { kind: 'failed_with_retry' }, [5, 6, 6, 6]),
    ]);
    await send('sum', [
      of('circuitbreaker.not.permitted.calls', { kind: 'not_permitted' }, [0, 40, 3, 3]),
      of('retry.calls', { kind: 'successful_without_retry' }, [1_000, 1_900, 2_900, 3_900]),
      of('retry.calls', { kind: 'successful_with_retry' }, [10, 14, 14, 15]),
      of('timelimiter.calls', { kind: 'timeout' }, [2, 2, 9, 9]),
      of('timelimiter.calls', { kind: 'successful' }, [2, 100, 200, 300]),
    ]);
    const history = await read(['checkout', 'recs'], 5);
    expect(seriesOf(history, 'checkout', 'breakerOpen')).toEqual([0, 1, 1, 0, Number.NaN]);
    expect(seriesOf(history, 'checkout', 'callsRefused')).toEqual([Number.NaN, 40, 3, 0, Number.NaN]); // began anew
    expect(maskOf(history, 'checkout->recs', 'retries')).toEqual([Number.NaN, 5, 0, 1, Number.NaN]);
    expect(seriesOf(history, 'checkout', 'timeouts')).toEqual([Number.NaN, 0, 7, 0, Number.NaN]);
    expect(seriesOf(history, 'checkout', 'fallbacks')).toEqual([]);
    expect(seriesOf(history, 'recs', 'retries')).toEqual([]);
  });

  it('resilience4j, by the Prometheus receiver, over pods', async () => {
    const of = (instance: string, values: Said['values']): Said => ({
      service: 'orders',
      instance,
      metric: 'resilience4j_retry_calls_total',
      attributes: { name: 'recs', kind: 'successful_with_retry' },
      values,
    });
    await send('sum', [of('a', [0, 4, 4]), of('b', [0, 1, 3])]);
    expect(seriesOf(await read(['orders'], 3), 'orders', 'retries')).toEqual([Number.NaN, 5, 2]);
  });

  it('opossum, of which an event is counted from its first on', async () => {
    // opossum 10.0.0 with opossum-prometheus 0.3.0: circuit{name="recs",event="fire"} 21 …
    const of = (event: string, values: Said['values']): Said => ({
      service: 'web',
      metric: 'circuit',
      attributes: { name: 'recs', event },
      values,
    });
    await send('sum', [
      of('fire', [5, 21, 30, 40]),
      of('success', [5, 5, 5, 15]),
      of('failure', [null, 7, 7, 7]),
      of('fallback', [null, 16, 25, 25]),
      of('open', [null, 2, 2, 2]),
      of('reject', [null, 9, 18, 18]),
      of('semaphoreLocked', [null, null, 1, 3]),
    ]);
    const history = await read(['web'], 5);
    expect(seriesOf(history, 'web', 'fallbacks')).toEqual([0, Number.NaN, 9, 0, Number.NaN]);
    expect(maskOf(history, 'web->recs', 'callsRefused')).toEqual([0, Number.NaN, 9, 2, Number.NaN]);
    expect(seriesOf(history, 'web', 'timeouts')).toEqual([0, 0, 0, 0, Number.NaN]);
    expect(seriesOf(history, 'web', 'breakerOpen')).toEqual([]);
  });

  it('Envoy, by its OTLP sink and by the Prometheus receiver of a mesh', async () => {
    const byOtlp = { service: 'front', attributes: { 'envoy.cluster_name': 'catalog' } };
    const mesh = 'outbound|80||catalog.shop.svc.cluster.local';
    const byScrape = { service: 'meshed', attributes: { cluster_name: mesh } };
    await send('sum', [
      { ...byOtlp, metric: 'cluster.upstream_rq_retry', values: [900, 903, 903, 1], isStartFlush: true },
      { ...byOtlp, metric: 'cluster.upstream_rq_timeout', values: [7, 7, 8, 0], isStartFlush: true },
      { ...byOtlp, metric: 'cluster.upstream_rq_per_try_timeout', values: [1, 3, 3, 0], isStartFlush: true },
      { ...byScrape, metric: 'envoy_cluster_upstream_rq_retry', values: [50, 51, 60] },
      {
        ...byScrape,
        metric: 'envoy_cluster_upstream_rq_retry',
        attributes: { cluster_name: 'inbound|8080||' },
        values: [0, 500, 1_000],
      },
      { ...byScrape, metric: 'envoy_cluster_upstream_rq_pending_overflow', values: [0, 2, 2] },
    ]);
    await send('gauge', [
      { ...byOtlp, metric: 'cluster.circuit_breakers.default.rq_open', values: [0, 0, 1, 0] },
      { ...byOtlp, metric: 'cluster.circuit_breakers.default.cx_open', values: [0, 1, 0, 0] },
      { ...byOtlp, metric: 'cluster.outlier_detection.ejections_active', values: [0, 0, 1, 1] },
      { ...byOtlp, metric: 'cluster.membership_total', values: [3, 3, 3, 3] },
    ]);
    const history = await read(['front', 'meshed', 'catalog'], 4);
    expect(maskOf(history, 'front->catalog', 'retries')).toEqual([Number.NaN, 3, 0, 1]);
    expect(seriesOf(history, 'front', 'timeouts')).toEqual([Number.NaN, 2, 1, 0]);
    expect(seriesOf(history, 'front', 'breakerOpen')).toEqual([0, 1, 1, 0]);
    expect(maskOf(history, 'front->catalog', 'endpointsEjected')).toEqual([0, 0, 1, 1]);
    expect(maskOf(history, 'front->catalog', 'endpoints')).toEqual([3, 3, 3, 3]);
    expect(maskOf(history, 'meshed->catalog', 'retries')).toEqual([Number.NaN, 1, 9, Number.NaN]);
    expect(seriesOf(history, 'meshed', 'retries')).toEqual([Number.NaN, 1, 9, Number.NaN]);
    expect(seriesOf(history, 'meshed', 'callsRefused')).toEqual([Number.NaN, 2, 0, Number.NaN]);
  });

  it('Envoy that sends deltas and leaves out zeros, heard by its gauges', async () => {
    const of = { service: 'edge', attributes: { 'envoy.cluster_name': 'catalog' } };
    await send('sum', [
      {
        ...of,
        metric: 'cluster.upstream_rq_retry',
        values: [null, 4, null, 2],
        temporality: 1,
        isStartFlush: true,
      },
    ]);
    await send('gauge', [{ ...of, metric: 'cluster.membership_total', values: [3, 3, 3, 3] }]);
    expect(seriesOf(await read(['edge'], 5), 'edge', 'retries')).toEqual([0, 4, 0, 2, Number.NaN]);
  });

  it('gRPC: attempts less calls, and no number where calls are not counted', async () => {
    const target = { 'grpc.target': 'dns:///catalog.shop:50051', 'grpc.method': 'shop.Catalog/Get' };
    const of = (service: string, metric: string, status: string, values: Said['values']): Said => ({
      service,
      metric: `grpc.client.${metric}`,
      attributes: { ...target, 'grpc.status': status },
      values,
    });
    await send('histogram', [
      of('basket', 'attempt.duration', 'OK', [100, 200, 300]),
      of('basket', 'attempt.duration', 'DEADLINE_EXCEEDED', [null, 0, 12]),
      of('basket', 'call.duration', 'OK', [100, 200, 300]),
      of('basket', 'call.duration', 'DEADLINE_EXCEEDED', [null, 0, 2]),
      of('bare', 'attempt.duration', 'OK', [100, 200, 300]),
      // Its value is the sum of the histogram: 1.5 a reading, and nothing added.
      { service: 'bare', metric: 'grpc.client.call.retries', attributes: target, values: [1, 1, 1] },
    ]);
    const history = await read(['basket', 'bare', 'catalog'], 4);
    expect(maskOf(history, 'basket->catalog', 'retries')).toEqual([Number.NaN, 0, 10, Number.NaN]);
    expect(seriesOf(history, 'basket', 'timeouts')).toEqual([0, Number.NaN, 12, Number.NaN]);
    expect(seriesOf(history, 'bare', 'retries')).toEqual([Number.NaN, 0, 0, Number.NaN]);
  });

  it('are no more than once where two libraries see the same, and two spellings are one', async () => {
    const envoy = { service: 'twice', attributes: { 'envoy.cluster_name': 'catalog' } };
    const scraped = { service: 'twice', attributes: { envoy_cluster_name: 'catalog' } };
    await send('sum', [
      { ...envoy, metric: 'cluster.upstream_rq_retry', values: [0, 5] },
      { ...scraped, metric: 'envoy_cluster_upstream_rq_retry', values: [0, 5] },
      {
        service: 'twice',
        metric: 'resilience4j.retry.calls',
        attributes: { name: 'catalog', kind: 'successful_with_retry' },
        values: [0, 7],
      },
    ]);
    const history = await read(['twice', 'catalog'], 2);
    expect(seriesOf(history, 'twice', 'retries')).toEqual([Number.NaN, 7]);
    expect(maskOf(history, 'twice->catalog', 'retries')).toEqual([Number.NaN, 7]);
  });

  it('of who exports none are not there', async () => {
    const { masks, services } = await read(['catalog'], 2);
    expect(masks).toEqual<MaskHistory[]>([]);
    expect(services.get('catalog')?.series).toEqual({});
  });
});

describe('rollups of masks', () => {
  it('are kept by the names that make series', () => {
    const file = readFileSync(
      join(import.meta.dirname, '../../store/migrations/0021_mask_series.sql'),
      'utf8',
    );
    const lists = [...file.matchAll(/MetricName IN \(('[^)]*)\)/g)].map(([, list]) =>
      [...(list as string).matchAll(/'([^']+)'/g)].map(([, name]) => name as string).sort(),
    );
    expect(lists).toHaveLength(4);
    const [gauges, sums, histograms, exponentials] = lists;
    expect([sums, exponentials]).toEqual([gauges, histograms]);
    expect([...(gauges ?? []), ...(histograms ?? [])].sort()).toEqual([...MASK_METRIC_NAMES.keys()].sort());
  });

  it('have the same bits when they are made again, in one insert, from the rows of all', async () => {
    const { client } = engine;
    const views = await readRows<{ Name: string; Select: string }>(client, {
      sql: "SELECT name AS Name, as_select AS Select FROM system.tables WHERE match(name, '^tally_mask_minute_.*mv$')",
      params: {},
      about: 'views',
    });
    expect(views).toHaveLength(4);
    await client.command({ query: 'CREATE TABLE again_mask_minute AS tally_mask_minute' });
    for (const { Name, Select } of views) {
      const columns = await readRows<{ name: string }>(client, {
        sql: 'SELECT name FROM system.columns WHERE table = {view:String} ORDER BY position',
        params: { view: Name },
        about: 'columns',
      });
      await client.command({
        query: `INSERT INTO again_mask_minute (${columns.map(({ name }) => name).join()}) ${Select}`,
      });
    }
    const bitsOf = async (table: string) =>
      (
        await readRows<{ rows: string; bits: string }>(client, {
          sql: `SELECT count() AS rows, sum(cityHash64(*)) AS bits FROM ${table} FINAL`,
          params: {},
          about: table,
        })
      )[0];
    const before = await bitsOf('tally_mask_minute');
    expect(Number(before?.rows)).toBeGreaterThan(50);
    expect(await bitsOf('again_mask_minute')).toEqual(before);
  });
});
