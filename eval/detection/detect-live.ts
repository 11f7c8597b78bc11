import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../../bench/processes/start-server.ts';
import { readVerdicts } from '../../store/verdicts.ts';
import { sendRequest } from '../engine/send-request.ts';
import { inject } from '../faults/fault.ts';
import { Truth } from '../faults/truth.ts';
import { drawFrom } from '../traffic/draw.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { smallShop } from '../traffic/small-shop.ts';
import type { ExportRequest } from '../traffic/telemetry.ts';
import { SPANS_PER_SECOND, WARM_UP_MS } from './detect-virtually.ts';
import type { Scenario } from './scenarios.ts';
import { type Detection, Watch } from './watch.ts';

const LOOK_EVERY_MS = 200;
/** Before the scenarios that disturb the others begin. */
const PAUSE_MS = 10_000;

/**
 * All scenarios at once in real time: each shop sends over OTLP/HTTP to `plumbline serve`, whose stored verdicts are
 * looked at as the gate looks at them.
 * @throws Error when the server refuses an export
 */
export async function detectLive(scenarios: readonly Scenario[], seed: number): Promise<Detection[]> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-eval-'));
  await writeConstraints(folder, scenarios);
  const server = await startServer(['all'], { PLUMBLINE_CONSTRAINTS: folder });
  const otlpUrl = `http://127.0.0.1:${server.ports.otlpHttpPort}`;
  try {
    const startMs = Date.now();
    const shops = shopsOf(scenarios, { startMs, seed });
    const underWay: ExportRequest[] = [];
    const sending: Promise<void>[] = [];
    for (let nowMs = startMs; nowMs < shops.untilMs; nowMs = Date.now()) {
      for (const { traffic, fault } of shops.each) {
        underWay.push(...inject(traffic.until(nowMs), [fault], new Truth()));
      }
      for (const request of underWay.splice(0)) {
        if (request.arrivedMs > nowMs) underWay.push(request);
        else sending.push(sendRequest(otlpUrl, request));
      }
      await Promise.all(sending.splice(0));
      const verdicts = await readVerdicts(server.store, { nowMs });
      for (const { watch } of shops.each) watch.see(verdicts, nowMs);
      await sleep(LOOK_EVERY_MS);
    }
    return shops.each.map(({ watch }) => watch.detection());
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

function shopsOf(scenarios: readonly Scenario[], { startMs, seed }: { startMs: number; seed: number }) {
  const longestMs = (of: readonly Scenario[]) => Math.max(0, ...of.map(({ withinMs }) => withinMs));
  const firstMs = startMs + WARM_UP_MS;
  const lastMs = firstMs + longestMs(scenarios.filter(({ isLast }) => isLast !== true)) + PAUSE_MS;
  const each = scenarios.map((scenario, index) => {
    const { prefix, exportMs, signal, isLast } = scenario;
    const faultMs = isLast === true ? lastMs : firstMs;
    const fleet = smallShop({ prefix, spansPerSecond: SPANS_PER_SECOND, exportMs });
    return {
      traffic: makeTraffic(fleet, { seed: seed + index, tenant: 'eval', startMs }),
      fault: scenario.faultOf(
        { serviceName: `${prefix}checkout`, signal, fromMs: faultMs },
        drawFrom(seed + index),
      ),
      watch: new Watch(scenario, faultMs),
    };
  });
  const untilMs = lastMs + longestMs(scenarios.filter(({ isLast }) => isLast === true)) + PAUSE_MS;
  return { each, untilMs };
}

async function writeConstraints(folder: string, scenarios: readonly Scenario[]): Promise<void> {
  for (const { prefix, dimension, signal, limits } of scenarios) {
    if (limits === undefined) continue;
    const expect =
      dimension === 'completeness'
        ? `completeness: ">= ${100 * (1 - limits.fail)}%"`
        : `lag: "p99 <= ${limits.fail}s"`;
    await writeFile(
      join(folder, `${prefix}checkout.yaml`),
      `apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: ${prefix}checkout, owner: eval }
scope: { service: ${prefix}checkout }
sources:
  - { id: ${signal}, signal: ${signal}, expect: { ${expect} } }
`,
    );
  }
}
