import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { readSpanRepeats } from '../../store/tallies/read-span-repeats.ts';
import { readStreamTallies } from '../../store/tallies/read-stream-tallies.ts';
import { readStructureTallies } from '../../store/tallies/read-structure-tallies.ts';
import { writeRows } from '../../store/write-rows.ts';
import { checkStructure } from '../../validators/structure/check-structure.ts';
import { windowsUntil } from '../../validators/windows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { sumRow } from './metric-rows.ts';
import { spanRow, traceIdOf } from './span-row.ts';

const NOW_MS = Date.now();
const AT_MS = NOW_MS - 20_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_metric_stream', 'tally_span', 'tally_structure'],
  });
});
afterAll(() => engine.close());

async function judge(serviceName: string, signal: 'traces' | 'metrics') {
  const { slowStartMs, fastStartMs } = windowsUntil(NOW_MS);
  const range = { fromMs: slowStartMs, splitMs: fastStartMs };
  const [structure, streams, repeats] = await Promise.all([
    readStructureTallies(engine.client, range),
    readStreamTallies(engine.client, range),
    readSpanRepeats(engine.client, { fromMs: slowStartMs, untilMs: NOW_MS }),
  ]);
  const isOwn = ({ source }: { source: { serviceName: string; signal: string } }) =>
    source.serviceName === serviceName && source.signal === signal;
  const tallies = structure.tallies.filter(isOwn);
  return checkStructure(
    {
      source: { tenant: 'default', serviceNamespace: 'shop', serviceName, serviceInstanceId: '', signal },
      tallies,
      refusals: structure.refusals.filter(isOwn),
      repeats: repeats.filter(isOwn),
      streams: streams.services.find(({ service }) => service.serviceName === serviceName) ?? null,
    },
    null,
    NOW_MS,
  );
}
const codesOf = async (serviceName: string, signal: 'traces' | 'metrics') =>
  (await judge(serviceName, signal))?.reasons.map((reason) => reason.code);

describe('bad input', () => {
  it('finds sources without a name', async () => {
    const rows = Array.from({ length: 200 }, (_, n) =>
      spanRow({
        service: 'unknown_service:node',
        instance: '',
        traceId: traceIdOf(n),
        spanId: `n${n}`,
        startMs: AT_MS,
        receivedMs: AT_MS + n * 100,
      }),
    );
    await writeRows(engine.client, 'otel_traces', rows);
    const verdict = await judge('unknown_service:node', 'traces');
    expect(verdict).toMatchObject({ outcome: 'fail', evidence: { withoutInstance: 200 } });
    expect(verdict?.reasons[0]?.code).toBe('SERVICE_UNNAMED');
  });

  it('finds points without temporality, be they stored or refused', async () => {
    const point = { service: 'untyped', timeMs: AT_MS, value: 1, temporality: 0 as const };
    const rows = Array.from({ length: 100 }, (_, n) => sumRow({ ...point, receivedMs: AT_MS + n * 200 }));
    await writeRows(engine.client, 'otel_metrics_sum', rows);
    expect((await codesOf('untyped', 'metrics'))?.[0]).toBe('POINTS_INVALID');
    await writeRows(engine.client, 'tally_rejection', [
      {
        ReceivedAt: toClickhouseTime(AT_MS),
        Tenant: 'default',
        ServiceNamespace: 'shop',
        ServiceName: 'refused',
        Signal: 'metrics',
        Reason: 'temporality_unset',
        Items: 500,
      },
    ]);
    expect((await codesOf('refused', 'metrics'))?.[0]).toBe('POINTS_INVALID');
  });

  it('finds spans of a day and more; old ones alone are timeliness’s business', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => {
      const old = {
        traceId: traceIdOf(n),
        spanId: `d${n}`,
        startMs: AT_MS - 86_500_000,
        receivedMs: AT_MS + n * 100,
      };
      return [
        spanRow({ ...old, service: 'day-long', durationMs: 86_400_000 }),
        spanRow({ ...old, service: 'day-old', traceId: traceIdOf(n + 1_000), durationMs: 5 }),
      ];
    }).flat();
    await writeRows(engine.client, 'otel_traces', rows);
    expect((await codesOf('day-long', 'traces'))?.[0]).toBe('SPAN_TIMES_IMPOSSIBLE');
    expect(await judge('day-old', 'traces')).toMatchObject({
      outcome: 'unknown',
      estimate: 0,
      reasons: [{ code: 'TOO_FEW' }],
    });
  });
});
