import { sourceKey } from '../../core/source.ts';
import { estimateHopLedger } from '../../validators/counters/estimate-hop-ledger.ts';
import { estimateMetricAgainstSpans } from '../../validators/counters/estimate-metric-against-spans.ts';
import { estimateSdkAgainstStore } from '../../validators/counters/estimate-sdk-against-store.ts';
import { estimateSdkFunnel } from '../../validators/counters/estimate-sdk-funnel.ts';
import { sourceOf } from '../simulators/checkout.ts';
import { COLLECTOR, runCollector } from '../simulators/collector-run.ts';
import { runSdk, type SdkRun } from '../simulators/sdk-run.ts';
import { runServer, type ServerRun } from '../simulators/server-run.ts';
import type { CaseGroup, CoverageCase } from './case.ts';
import { lossCases, type Window } from './observe-loss.ts';

const CHECKOUT_KEY = sourceKey(sourceOf('traces'));
const COLLECTOR_KEY = sourceKey({ ...COLLECTOR, serviceInstanceId: '', signal: 'traces' });
const PER_SECOND = 40;
/** Long enough for two reports of a minute, and for ten. */
const FUNNEL_MS: Readonly<Record<Window, number>> = { fast: 180_000, slow: 660_000 };
const STORED_MS = 670_000;

/** C1 to C4: what counters of SDKs, Collectors and servers say was lost. */
export function counters(): CaseGroup {
  return {
    name: 'counters',
    title: 'C1 to C4: lost share by counters',
    coverage: [
      ...funnelCases('records dropped by a full queue, each alone', (dropRatio) => ({ dropRatio })),
      ...funnelCases('exports given up', (failRatio) => ({ failRatio })),
      ...storeCases('records lost behind an acknowledgement, each alone', (vanishAloneRatio) => ({
        vanishAloneRatio,
      })),
      ...storeCases('exports lost behind an acknowledgement', (vanishRatio) => ({ vanishRatio })),
      ...lossCases({
        check: 'C3 hop ledger',
        fault: 'requests a Collector gave up',
        estimate: ({ ratio, seed }) => {
          const { series, nowMs } = runCollector({ failed: ratio, seed });
          return estimateHopLedger(series, nowMs).get(COLLECTOR_KEY);
        },
      }),
      ...serverCases('records, each alone', (spanRatio) => ({ spanRatio })),
      ...serverCases('whole batches of 5 s', (batchRatio) => ({ batchRatio })),
    ],
    alarms: [],
  };
}

function funnelCases(fault: string, lossOf: (ratio: number) => Partial<SdkRun>): CoverageCase[] {
  return lossCases({
    check: 'C1 SDK funnel',
    fault,
    estimate: ({ ratio, window, seed }) => {
      const run = { ...lossOf(ratio), perSecond: PER_SECOND, durationMs: FUNNEL_MS[window], seed };
      const { series, nowMs } = runSdk(run);
      return estimateSdkFunnel(series, [], nowMs).get(CHECKOUT_KEY);
    },
  });
}

function storeCases(fault: string, lossOf: (ratio: number) => Partial<SdkRun>): CoverageCase[] {
  return lossCases({
    check: 'C2 SDK against store',
    fault,
    estimate: ({ ratio, seed }) => {
      const run = { ...lossOf(ratio), perSecond: PER_SECOND, durationMs: STORED_MS, seed };
      const { series, stored, nowMs } = runSdk(run);
      return estimateSdkAgainstStore(series, [stored], nowMs).get(CHECKOUT_KEY);
    },
  });
}

function serverCases(fault: string, lossOf: (ratio: number) => ServerRun): CoverageCase[] {
  return lossCases({
    check: 'C4 metric against spans',
    fault,
    estimate: ({ ratio, seed }) => {
      const { series, stored, nowMs } = runServer({ ...lossOf(ratio), seed });
      return estimateMetricAgainstSpans(series, stored, nowMs).get(CHECKOUT_KEY);
    },
  });
}
