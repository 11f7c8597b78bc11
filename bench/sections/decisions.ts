import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { loadConstraints } from '../../gates/constraints/constraints.ts';
import { decide } from '../../gates/decide.ts';
import { TrustState } from '../../gates/trust.ts';
import { Asker, type AskResult } from '../load/asker.ts';
import { constraintFile } from '../payloads/constraint-files.ts';
import { startServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { median, quantile } from '../report/ratios.ts';

const SERVICES = 10_000;
const SETS = 20;
/** As the judge renews them: every service each five seconds, some each second. */
const RENEW_S = 5;
const DIMENSIONS = ['completeness', 'timeliness', 'structure'] as const;
const STEADY_PER_S = 1_000;
const SECONDS = 15;
const BURST_SECONDS = 5;
/** An actor has a connection of its own: hundreds of them do not wait for one another. */
const STEADY_CONNECTIONS = 64;
const BURST_CONNECTIONS = 128;
/** A gate runs for weeks: the first half minute, in which its code is still compiled, is not what actors meet. */
const WARM_SECONDS = 30;
const IN_PROCESS = 50_000;

/**
 * How long a gate takes to answer while it holds the verdicts of 10,000 services, which are renewed all the time: in
 * one process, over HTTP at a steady rate, and as fast as it can.
 */
export async function decisions(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-constraints-'));
  const named = Array.from({ length: SETS }, (_, i) => serviceName(i));
  for (const service of named) writeFileSync(join(folder, `${service}.yaml`), constraintFile(service));
  const server = await startServer(['store', 'api'], { PLUMBLINE_CONSTRAINTS: folder });
  const renewing = new AbortController();
  const renewed = renew(server.store, renewing.signal);
  const asker = await Asker.start();
  const steady: AskResult[] = [];
  const bursts: AskResult[] = [];
  /** Of the process that answers, reading what is renewed included. */
  const cpuUs: number[] = [];
  try {
    await sleep(2 * RENEW_S * 1_000);
    const inProcessUs = await answerInProcess(server.store, folder);
    const to = { port: server.ports.apiPort, services: [...named, ...unnamed()] };
    await asker.run({ ...to, connections: BURST_CONNECTIONS, perS: null, seconds: BURST_SECONDS });
    await asker.run({ ...to, connections: STEADY_CONNECTIONS, perS: STEADY_PER_S, seconds: WARM_SECONDS });
    for (let round = 0; round < rounds; round++) {
      const before = server.cpuMs()['api'] ?? 0;
      steady.push(
        await asker.run({ ...to, connections: STEADY_CONNECTIONS, perS: STEADY_PER_S, seconds: SECONDS }),
      );
      cpuUs.push((((server.cpuMs()['api'] ?? 0) - before) / (steady.at(-1)?.answered ?? 1)) * 1_000);
      process.stderr.write('.');
      bursts.push(
        await asker.run({ ...to, connections: BURST_CONNECTIONS, perS: null, seconds: BURST_SECONDS }),
      );
      await sleep(3_000);
    }
    tell({ inProcessUs, steady, bursts, cpuUs });
  } finally {
    renewing.abort();
    await renewed;
    await asker.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function tell(of: {
  inProcessUs: number[];
  steady: AskResult[];
  bursts: AskResult[];
  cpuUs: number[];
}): void {
  const { inProcessUs, steady, bursts, cpuUs } = of;
  const mid = (results: readonly AskResult[], key: keyof AskResult) =>
    median(results.map((result) => result[key]));
  console.log(
    `\n\nDecisions with ${SERVICES} services and ${SETS} constraint sets, median of ${steady.length}`,
  );
  console.log(
    `in process: p50 ${quantile(inProcessUs, 0.5).toFixed(0)} µs, p99 ${quantile(inProcessUs, 0.99).toFixed(0)} µs`,
  );
  console.log(
    `${STEADY_PER_S}/s over HTTP: p50 ${mid(steady, 'p50Ms').toFixed(2)} ms, p99 ${mid(steady, 'p99Ms').toFixed(2)} ms, p99.9 ${mid(steady, 'p999Ms').toFixed(2)} ms, ${median(cpuUs).toFixed(0)} µs of CPU an answer`,
  );
  const burstPerS = median(bursts.map(({ answered, wallMs }) => (1_000 * answered) / wallMs));
  console.log(
    `burst, ${BURST_CONNECTIONS} connections: ${burstPerS.toFixed(0)}/s, p99 ${mid(bursts, 'p99Ms').toFixed(1)} ms\n`,
  );
  const p99Us = quantile(inProcessUs, 0.99);
  console.log(checkLine('in process p99 at most 100 µs', p99Us, p99Us <= 100));
  console.log(
    checkLine('1,000/s over HTTP, p99 at most 5 ms', mid(steady, 'p99Ms'), mid(steady, 'p99Ms') <= 5),
  );
  console.log(
    checkLine('1,000/s over HTTP, p99.9 at most 25 ms', mid(steady, 'p999Ms'), mid(steady, 'p999Ms') <= 25),
  );
  console.log(checkLine('burst of at least 5,000/s', burstPerS, burstPerS >= 5_000));
}

function serviceName(index: number): string {
  return `svc-${index}`;
}

/** Of all over the list: what is asked is in no cache. */
function unnamed(): string[] {
  return Array.from({ length: 200 }, (_, i) => serviceName(SETS + ((i * 4_793) % (SERVICES - SETS))));
}

async function answerInProcess(client: ClickHouseClient, folder: string): Promise<number[]> {
  const trust = new TrustState();
  await trust.refresh(client, Date.now());
  const sets = loadConstraints(folder);
  const tookUs: number[] = [];
  for (let i = -5_000; i < IN_PROCESS; i++) {
    const request = {
      actor: { id: 'hpa/bench', type: 'autoscaler' },
      action: { kind: 'scale.down', from: { replicas: 12 }, to: { replicas: 10 } },
      target: { service: serviceName((i + 5_000) % SERVICES), env: 'prod' },
    };
    const startedAt = performance.now();
    decide({ request, sets, trust, findings: [], intents: [], nowMs: Date.now() });
    if (i >= 0) tookUs.push(1_000 * (performance.now() - startedAt));
  }
  return tookUs;
}

/** Writes what the judge would: verdicts of a fifth of the services each second. */
async function renew(client: ClickHouseClient, signal: AbortSignal): Promise<void> {
  for (let second = 0; !signal.aborted; second++) {
    const startedAt = performance.now();
    await client.command({ query: verdictsSql(second % RENEW_S) });
    await sleep(Math.max(0, 1_000 - (performance.now() - startedAt)), undefined, { signal }).catch(
      () => undefined,
    );
  }
}

function verdictsSql(part: number): string {
  const estimators = `[{"id":"ordinals","estimate":0.001,"lower":0,"upper":0.004,"n":5000,"kind":"interval"},{"id":"graph","estimate":0.002,"lower":0,"upper":0.009,"n":1200,"kind":"interval"}]`;
  return `INSERT INTO verdicts (EvaluatedAt, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, Dimension,
    Outcome, Estimate, Lower, Upper, Confidence, Unit, N, LimitWarn, LimitFail, WindowStart, WindowEnd, ValidUntil,
    Reasons, Estimators, Evidence)
  SELECT now64(3), 'default', '', concat('svc-', toString(service)), 'one', 'traces', dimension, 'pass', 0.001, 0, 0.004,
    0.95, 'ratio', 5000, 0.02, 0.05, now64(3) - INTERVAL 1 MINUTE, now64(3), now64(3) + INTERVAL 15 SECOND,
    '[{"code":"LOSS_WITHIN_LIMIT","text":"At most 0.4 % of the spans of the last minute are missing."}]', '${estimators}', '{}'
  FROM (SELECT number * ${RENEW_S} + ${part} AS service FROM numbers(${SERVICES / RENEW_S}))
  ARRAY JOIN [${DIMENSIONS.map((dimension) => `'${dimension}'`).join(', ')}] AS dimension`;
}
