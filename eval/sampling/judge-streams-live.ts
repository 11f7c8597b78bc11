import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { DURATION_BOUNDS_MS } from '../../core/sampling/sampling-window.ts';
import { type Source, sourceKey } from '../../core/source.ts';
import { judgeSamplingRange } from '../../jobs/judge-sampling-range.ts';
import { readRows } from '../../store/read-rows.ts';
import { settleSamplingWindows } from '../../store/tallies/settle-sampling-windows.ts';
import type { SettledSampling } from '../../validators/sampling/judge-settled-sampling.ts';
import type { SamplingPolicy } from '../../validators/sampling/sampling-check.ts';
import { SLOW_MS } from '../../validators/windows.ts';
import type { SamplingStream } from './sampling-stream.ts';
import { type StreamExport, streamExports } from './stream-exports.ts';

const MINUTE_MS = 60_000;
const STORED_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 200;
const REFUSED = new Set([429, 503]);

export interface LiveSystem {
  readonly client: ClickHouseClient;
  readonly otlpHttpUrl: string;
}

export interface StreamVerdicts {
  readonly name: string;
  /** By service; one of which nothing arrived is not judged. */
  readonly services: ReadonlyMap<string, SettledSampling>;
}

/**
 * Sends streams over OTLP/HTTP as if their ten minutes had just been, each in a namespace of its own, and judges what
 * was stored as the judge does: settled windows against the counters that are found.
 * @param streams one at a time, as all of them may be more than fits into memory
 * @throws Error when an export is refused for good, or not stored within five minutes
 */
export async function judgeStreamsLive(
  { client, otlpHttpUrl }: LiveSystem,
  streams: AsyncIterable<SamplingStream> | Iterable<SamplingStream>,
  {
    slowMs,
    policy,
  }: { readonly slowMs: (typeof DURATION_BOUNDS_MS)[number]; readonly policy: SamplingPolicy },
): Promise<StreamVerdicts[]> {
  const untilMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const range = { fromMs: untilMs - SLOW_MS, untilMs };
  const sent = { traces: 0, metrics: 0 };
  const sources: { readonly name: string; readonly of: readonly Source[] }[] = [];
  for await (const stream of streams) {
    for (const one of streamExports(stream, { range, slowMs })) {
      await send(otlpHttpUrl, one);
      sent[one.signal] += one.count;
    }
    sources.push({ name: stream.name, of: sourcesOf(stream) });
  }
  await untilStored(client, sent);
  const nowMs = Date.now();
  await settleSamplingWindows(client, { ...range, lagMs: nowMs - untilMs, settledAtMs: nowMs });
  const judged = await judgeSamplingRange({ client, expectations: [], ...range, nowMs }, policy);
  return sources.map(({ name, of }) => ({
    name,
    services: new Map(
      of.flatMap((source) => {
        const found = judged.get(sourceKey(source));
        return found === undefined ? [] : [[source.serviceName, found]];
      }),
    ),
  }));
}

function sourcesOf({ name, spans }: SamplingStream): Source[] {
  const services = new Set(spans.map(({ service }) => service));
  return [...services].map((serviceName) => ({
    tenant: '',
    serviceNamespace: name,
    serviceName,
    serviceInstanceId: '',
    signal: 'traces',
  }));
}

/** What is refused for now is sent again, as every exporter does. */
async function send(otlpHttpUrl: string, { signal, body }: StreamExport): Promise<void> {
  const text = JSON.stringify(body);
  for (;;) {
    const response = await fetch(`${otlpHttpUrl}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    const answer = await response.text();
    if (response.ok) return;
    if (!REFUSED.has(response.status)) {
      throw new Error(`${otlpHttpUrl} answered ${response.status} to an export: ${answer}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function untilStored(
  client: ClickHouseClient,
  sent: { readonly traces: number; readonly metrics: number },
): Promise<void> {
  const giveUpMs = Date.now() + STORED_WITHIN_MS;
  for (;;) {
    const [stored] = await readRows<{ Spans: string; Points: string }>(client, {
      sql: `SELECT (SELECT count() FROM otel_traces WHERE ScopeName = 'eval') AS Spans,
        (SELECT count() FROM otel_metrics_histogram WHERE ScopeName = 'eval')
        + (SELECT count() FROM otel_metrics_sum WHERE ScopeName = 'eval') AS Points`,
      params: {},
      about: 'otel_traces',
    });
    if (Number(stored?.Spans) >= sent.traces && Number(stored?.Points) >= sent.metrics) return;
    if (Date.now() > giveUpMs) {
      throw new Error(`Of ${JSON.stringify(sent)} only ${JSON.stringify(stored)} are stored.`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
