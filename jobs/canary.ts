import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { CANARY_SERVICE } from '../core/canary-service.ts';
import { readArrival } from '../store/read-arrival.ts';

const POLL_EVERY_MS = 100;
/** Less than a tick of 5 s: canaries do not overlap. */
const PATIENCE_MS = 4_000;
const SEND_MS_MAX = 2_000;
/** An hour, one every 5 s. */
const LAGS_MAX = 720;

export interface CanaryMemory {
  /** Milliseconds, oldest first; for `measureOwnLag`. One that was not seen in time counts as the time it was waited for. */
  readonly lagsMs: number[];
  /** Accepted, and not to be seen in time. */
  unseenCount: number;
  /** Not accepted by our own endpoint. */
  unsentCount: number;
}

export interface CanaryDeps {
  readonly client: ClickHouseClient;
  /** Base URL of our OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** Of the receiver, if it asks for one. */
  readonly key: string | null;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

export function newCanaryMemory(): CanaryMemory {
  return { lagsMs: [], unseenCount: 0, unsentCount: 0 };
}

/**
 * One tick, every 5 s: one span goes in by our own front door, and is looked for until a query sees it. 17,280 spans a
 * day; the search is for a trace id in a second of arrival.
 * The lag counts from the arrival that ingest stamped to the query that saw it, so it is at most 100 ms too long.
 * @returns the lag in ms, or null when the span was not accepted or not seen within 4 s; both are counted
 * @throws PipelineError store_unavailable
 */
export async function runCanary(deps: CanaryDeps, memory: CanaryMemory): Promise<number | null> {
  const traceId = randomBytes(16).toString('hex');
  const sentMs = deps.now();
  if (!(await send(deps, traceId, sentMs))) {
    memory.unsentCount++;
    return null;
  }
  while (deps.now() - sentMs < PATIENCE_MS) {
    const receivedMs = await readArrival(deps.client, { traceId, sinceMs: sentMs });
    if (receivedMs !== null) return remember(memory, Math.max(0, deps.now() - receivedMs));
    await sleep(POLL_EVERY_MS, undefined, deps.signal === undefined ? {} : { signal: deps.signal });
  }
  memory.unseenCount++;
  remember(memory, PATIENCE_MS);
  return null;
}

function remember(memory: CanaryMemory, lagMs: number): number {
  memory.lagsMs.push(lagMs);
  if (memory.lagsMs.length > LAGS_MAX) memory.lagsMs.shift();
  return lagMs;
}

async function send({ endpoint, key, signal }: CanaryDeps, traceId: string, nowMs: number): Promise<boolean> {
  const timeout = AbortSignal.timeout(SEND_MS_MAX);
  const answer = await fetch(`${endpoint}/v1/traces`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(canaryRequest(traceId, nowMs)),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

function canaryRequest(traceId: string, nowMs: number) {
  const timeUnixNano = `${nowMs}000000`;
  const attributes = [{ key: 'service.name', value: { stringValue: CANARY_SERVICE } }];
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: 'canary',
    kind: 1,
    startTimeUnixNano: timeUnixNano,
    endTimeUnixNano: timeUnixNano,
  };
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] };
}
