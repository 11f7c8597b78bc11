import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { DURATION_BOUNDS_MS } from '../../core/sampling/sampling-window.ts';
import { type Source, sourceKey } from '../../core/source.ts';
import { judgeSamplingRange } from '../../jobs/judge-sampling-range.ts';
import { readRows } from '../../store/read-rows.ts';
import { settleSamplingWindows } from '../../store/tallies/settle-sampling-windows.ts';
import type { SettledSampling } from '../../validators/sampling/judge-settled-sampling.ts';
import type { SamplingPolicy } from '../../validators/sampling/sampling-check.ts';
import type { SamplingStream } from './sampling-stream.ts';
import { minutesOf, type StreamExport, streamExports } from './stream-exports.ts';

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
 * Sends streams over OTLP/HTTP as if their minutes had just been, each in a namespace of its own, and judges what
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
  const rangeOf = (minutes: number) => ({ fromMs: untilMs - minutes * MINUTE_MS, untilMs });
  const sent = { traces: 0, metrics: 0 };
  const sources: { readonly name: string; readonly minutes: number; readonly of: readonly Source[] }[] = [];
  for await (const stream of streams) {
    const minutes = minutesOf(stream);
    for (const one of streamExports(stream, { range: rangeOf(minutes), slowMs })) {
      await send(otlpHttpUrl, one);
      sent[one.signal] += one.count;
    }
    sources.push({ name: stream.name, minutes, of: sourcesOf(stream) });
  }
  await untilTallied(
    client,
    sent,
    sources.map(({ name }) => name),
  );
  const nowMs = Date.now();
  const longest = rangeOf(Math.max(0, ...sources.map(({ minutes }) => minutes)));
  await settleSamplingWindows(client, { ...longest, lagMs: nowMs - untilMs, settledAtMs: nowMs });
  const verdicts: StreamVerdicts[] = [];
  for (const [minutes, streamsOf] of Map.groupBy(sources, (one) => one.minutes)) {
    const judged = await judgeSamplingRange({ client, expectations: [], ...rangeOf(minutes), nowMs }, policy);
    for (const { name, of } of streamsOf) {
      const known = of.flatMap((source) => {
        const found = judged.get(sourceKey(source));
        return found === undefined ? [] : [[source.serviceName, found] as const];
      });
      verdicts.push({ name, services: new Map(known) });
    }
  }
  return verdicts;
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

/** Views are filled after the table that they look at, so what is waited for are their rows. */
async function untilTallied(
  client: ClickHouseClient,
  sent: { readonly traces: number; readonly metrics: number },
  namespaces: readonly string[],
): Promise<void> {
  const giveUpMs = Date.now() + STORED_WITHIN_MS;
  for (;;) {
    const [tallied] = await readRows<{ Spans: string; Points: string }>(client, {
      sql: `SELECT
        (SELECT count() FROM tally_span WHERE ServiceNamespace IN {namespaces:Array(String)}) AS Spans,
        (SELECT count() FROM tally_population WHERE ServiceNamespace IN {namespaces:Array(String)}) AS Points`,
      params: { namespaces },
      about: 'tally_span',
    });
    if (Number(tallied?.Spans) >= sent.traces && Number(tallied?.Points) >= sent.metrics) return;
    if (Date.now() > giveUpMs) {
      throw new Error(`Of ${JSON.stringify(sent)} only ${JSON.stringify(tallied)} are stored.`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
