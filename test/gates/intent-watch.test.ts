import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRepairEffect } from '../../gates/guardrails/repair-watch.ts';
import { IntentWatch } from '../../gates/intent-watch.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { histogramRow } from '../store/metric-rows.ts';
import { setOf } from './judged-world.ts';

const MINUTE = 60_000;
const NOW_MS = Math.floor(Date.now() / MINUTE) * MINUTE + 1_000;

const set = setOf(`
intent:
  - {id: by-metrics, expr: metrics.ok_ratio, target: ">= 0.99"}
  - {id: by-spans, expr: traces.ok_ratio, target: ">= 0.99"}`);
const of = (service: string) => ({
  ...set,
  metadata: { ...set.metadata, name: service },
  scope: { service },
});
const sets = ['healthy', 'failing', 'silent', 'mended'].map(of);

/** What a service answered in the minute that ended so many minutes ago. */
const minute = (service: string, ago: number, { ok, errors }: { ok: number; errors: number }) =>
  [ok, errors].map((value, isError) =>
    histogramRow({
      service,
      metric: 'http.server.request.duration',
      attributes: { 'http.response.status_code': isError ? '500' : '200' },
      startMs: NOW_MS - (ago + 1) * MINUTE - 2_000,
      timeMs: NOW_MS - ago * MINUTE - 2_000,
      receivedMs: NOW_MS - ago * MINUTE - 1_500,
      value,
      temporality: 1,
    }),
  );

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  await writeRows(engine.client, 'otel_metrics_histogram', [
    ...[1, 2, 3, 4].flatMap((ago) => minute('healthy', ago, { ok: 2_000, errors: 1 })),
    ...[1, 2, 3, 4].flatMap((ago) => minute('failing', ago, { ok: 900, errors: 100 })),
    ...[1, 2, 3, 4, 5, 6].flatMap((ago) => minute('mended', ago, { ok: 1_000, errors: ago > 3 ? 200 : 0 })),
  ]);
});
afterAll(() => engine.close());

describe('intents that go by the metrics of the service', () => {
  it('are met or missed without a span, and unknown where nothing is counted', async () => {
    const watch = new IntentWatch();
    await watch.refresh(engine.client, { sets, nowMs: NOW_MS });
    const states = Object.fromEntries(
      watch.states(NOW_MS).map(({ intent, isMet }) => [intent.constraint, isMet]),
    );
    expect(states).toEqual({
      'healthy/by-metrics': 'true',
      'healthy/by-spans': 'unknown',
      'failing/by-metrics': 'false',
      'failing/by-spans': 'unknown',
      'silent/by-metrics': 'unknown',
      'silent/by-spans': 'unknown',
      'mended/by-metrics': 'false',
      'mended/by-spans': 'unknown',
    });
    const failing = watch.states(NOW_MS).find(({ isMet }) => isMet === 'false');
    expect(failing?.requests).toBeCloseTo(4_000, -2);
    expect(failing?.wrong?.lower).toBeGreaterThan(0.08);
  });

  it('tell whether a repair helped', async () => {
    const effect = (constraint: string) =>
      readRepairEffect(engine.client, { sets, constraint, atMs: NOW_MS - 4 * MINUTE, withinMs: 3 * MINUTE });
    expect(await effect('mended/by-metrics')).toBe('better');
    expect(await effect('failing/by-metrics')).toBe('not-better');
    expect(await effect('failing/by-spans')).toBe('unknown');
  });
});
