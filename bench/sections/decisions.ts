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
import { stolenMs } from '../processes/cpu-time.ts';
import { forkServer } from '../processes/fork-server.ts';
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
/** Asked likewise in every round: what the machine itself takes for a question and an answer. */
const BARE_SERVER = join(import.meta.dirname, '../processes/bare-server.ts');

interface Round {
  readonly steady: AskResult;
  readonly burst: AskResult;
}

interface Measured {
  readonly inProcessUs: readonly number[];
  readonly gate: readonly Round[];
  readonly bare: readonly Round[];
  /** Of the process that answers, for an answer, reading what is renewed included. */
  readonly cpuUs: readonly number[];
  /** Of a second of both processors, what the host gave to others. */
  readonly stolenMs: readonly number[];
}

/**
 * How long a gate takes to answer while it holds the verdicts of 10,000 services, which are renewed all the time: in
 * one process, over HTTP at a steady rate, and as fast as it can; and how long a server takes that decides nothing.
 */
export async function decisions(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-constraints-'));
  const named = Array.from({ length: SETS }, (_, i) => serviceName(i));
  for (const service of named) writeFileSync(join(folder, `${service}.yaml`), constraintFile(service));
  const server = await startServer(['store', 'api'], { PLUMBLINE_CONSTRAINTS: folder });
  const renewing = new AbortController();
  const renewed = renew(server.store, renewing.signal);
  const bare = await forkServer(BARE_SERVER);
  const asker = await Asker.start();
  try {
    await sleep(2 * RENEW_S * 1_000);
    const inProcessUs = await answerInProcess(server.store, folder);
    const measured = { inProcessUs, gate: [], bare: [], cpuUs: [], stolenMs: [] } as {
      [Key in keyof Measured]: Measured[Key][number][];
    };
    const services = [...named, ...unnamed()];
    const steadily = (port: number, seconds: number) =>
      asker.run({ port, services, connections: STEADY_CONNECTIONS, perS: STEADY_PER_S, seconds });
    const atOnce = (port: number) =>
      asker.run({ port, services, connections: BURST_CONNECTIONS, perS: null, seconds: BURST_SECONDS });
    const { apiPort } = server.ports;
    for (const port of [bare.port, apiPort]) await atOnce(port);
    await steadily(apiPort, WARM_SECONDS);
    for (let round = 0; round < rounds; round++) {
      const before = { cpuMs: server.cpuMs()['api'] ?? 0, stolenMs: stolenMs() };
      const steady = await steadily(apiPort, SECONDS);
      measured.cpuUs.push((((server.cpuMs()['api'] ?? 0) - before.cpuMs) / steady.answered) * 1_000);
      measured.stolenMs.push((stolenMs() - before.stolenMs) / SECONDS);
      measured.gate.push({ steady, burst: await atOnce(apiPort) });
      measured.bare.push({ steady: await steadily(bare.port, SECONDS), burst: await atOnce(bare.port) });
      process.stderr.write('.');
    }
    tell(measured);
  } finally {
    renewing.abort();
    await renewed;
    await asker.stop();
    await bare.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function tell({ inProcessUs, gate, bare, cpuUs, stolenMs }: Measured): void {
  const steady = (rounds: readonly Round[], key: 'p50Ms' | 'p99Ms' | 'p999Ms') =>
    median(rounds.map((round) => round.steady[key]));
  const burstPerS = (rounds: readonly Round[]) =>
    median(rounds.map(({ burst: { answered, wallMs } }) => (1_000 * answered) / wallMs));
  console.log(
    `\n\nDecisions with ${SERVICES} services and ${SETS} constraint sets, median of ${gate.length}`,
  );
  console.log(
    `in process: p50 ${quantile(inProcessUs, 0.5).toFixed(0)} µs, p99 ${quantile(inProcessUs, 0.99).toFixed(0)} µs`,
  );
  console.log(
    `${median(cpuUs).toFixed(0)} µs of CPU an answer at ${STEADY_PER_S}/s; the host took ${median(stolenMs).toFixed(0)} ms of each second of the processors\n`,
  );
  for (const [name, rounds] of Object.entries({ 'the gate': gate, 'a bare server': bare })) {
    const [p50, p99, p999] = (['p50Ms', 'p99Ms', 'p999Ms'] as const).map((key) =>
      steady(rounds, key).toFixed(2),
    );
    console.log(
      `${name}: at ${STEADY_PER_S}/s p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms; ${BURST_CONNECTIONS} at once: ${burstPerS(rounds).toFixed(0)}/s`,
    );
  }
  const goal = (text: string, measured: number, isMet: boolean) =>
    console.log(checkLine(text, measured, isMet));
  console.log();
  const p99Us = quantile(inProcessUs, 0.99);
  goal('in process p99 at most 100 µs', p99Us, p99Us <= 100);
  goal('1,000/s over HTTP, p99 at most 5 ms', steady(gate, 'p99Ms'), steady(gate, 'p99Ms') <= 5);
  goal('1,000/s over HTTP, p99.9 at most 25 ms', steady(gate, 'p999Ms'), steady(gate, 'p999Ms') <= 25);
  goal('burst of at least 5,000/s', burstPerS(gate), burstPerS(gate) >= 5_000);
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
