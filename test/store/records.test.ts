import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Decision, DecisionRequest } from '../../core/decision.ts';
import { FINDING_KINDS, type Finding } from '../../core/finding.ts';
import type { Report } from '../../core/report.ts';
import { SIGNALS } from '../../core/signal.ts';
import { DIMENSIONS, type Verdict } from '../../core/verdict.ts';
import { createStoreClient } from '../../store/client.ts';
import { type DecisionRow, insertDecisions, readDecision, readDecisions } from '../../store/decisions.ts';
import { readFinding, readFindings, writeFinding } from '../../store/findings.ts';
import { type Notification, readNotifications, writeNotification } from '../../store/notifications.ts';
import { readReport, readReports, writeReport } from '../../store/reports.ts';
import { readVerdictTimes, streamVerdicts, type VerdictTimes } from '../../store/stream-verdicts.ts';
import { KeptVerdict } from '../../store/verdict-rows.ts';
import { insertVerdicts, readVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

/** Verdicts expire 14 days after they were made, so theirs is a time of today. */
const NOW_MS = Date.now();

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
});
afterAll(() => engine.close());
beforeEach(async () => {
  for (const table of ['verdicts', 'findings', 'decisions', 'reports', 'notifications']) {
    await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
  }
});

const VERDICT: Verdict = {
  source: {
    tenant: 'default',
    serviceNamespace: 'shop',
    serviceName: 'checkout',
    serviceInstanceId: '',
    signal: 'traces',
  },
  dimension: 'completeness',
  outcome: 'unknown',
  estimate: null,
  lower: null,
  upper: null,
  confidence: 0.95,
  unit: 'ratio',
  n: 0,
  limits: { warn: 0.02, fail: 0.05 },
  window: { startMs: NOW_MS - 60_000, endMs: NOW_MS - 1 },
  evaluatedAtMs: NOW_MS,
  validUntilMs: NOW_MS + 15_000,
  reasons: [{ code: 'too-few', text: "It's \\ not\n\nenough; DROP TABLE verdicts" }],
  estimators: [],
  evidence: {},
};

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed());
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0); // JSON knows no -0
const nullable = fc.option(fc.oneof(finite, fc.constant(Number.POSITIVE_INFINITY)));
const time = fc.integer({ min: 0, max: 599_999 }).map((agoMs) => NOW_MS - agoMs);
const reasons = fc.array(fc.record({ code: text, text }), { maxLength: 3 });
const evidence = fc.dictionary(text, fc.oneof(text, finite, fc.boolean(), fc.constant(null)), {
  maxKeys: 3,
  noNullPrototype: true,
});
const verdict: fc.Arbitrary<Verdict> = fc.record({
  source: fc.record({
    tenant: text,
    serviceNamespace: text,
    serviceName: text,
    serviceInstanceId: text,
    signal: fc.constantFrom(...SIGNALS),
  }),
  dimension: fc.constantFrom(...DIMENSIONS),
  outcome: fc.constantFrom('pass', 'fail', 'unknown'),
  estimate: nullable,
  lower: nullable,
  upper: nullable,
  confidence: finite,
  unit: fc.constantFrom('ratio', 's'),
  n: fc.maxSafeNat(),
  limits: fc.record({ warn: finite, fail: fc.constantFrom(0.5, Number.POSITIVE_INFINITY) }),
  window: fc.record({ startMs: time, endMs: time }),
  evaluatedAtMs: time,
  validUntilMs: time,
  reasons,
  estimators: fc.constant([{ id: 'a', estimate: 1, lower: null, upper: 2, n: 3, kind: 'graph' as const }]),
  evidence,
});

/** With the texts that are parsed when they are read. */
async function streamAt(times: VerdictTimes): Promise<Verdict[]> {
  const all: Verdict[] = [];
  for await (const rows of streamVerdicts(engine.client, times)) {
    while (rows.next()) {
      const kept = new KeptVerdict();
      rows.keepIn(kept);
      const verdict = kept.verdict(rows.about);
      const { reasons, estimators, evidence } = verdict;
      all.push({ ...verdict, reasons, estimators, evidence });
    }
  }
  return all;
}

describe('verdicts', () => {
  it('come back as they were written', async () => {
    const whole = fc.asyncProperty(fc.array(verdict, { minLength: 1, maxLength: 8 }), async (verdicts) => {
      await engine.client.command({ query: 'TRUNCATE TABLE verdicts' });
      const marked = verdicts.map((one, i) => ({
        ...one,
        source: { ...one.source, serviceInstanceId: `${i}-${one.source.serviceInstanceId}` },
      }));
      await insertVerdicts(engine.client, marked);
      const read = await readVerdicts(engine.client, { nowMs: NOW_MS });
      const order = (one: Verdict) => Number.parseInt(one.source.serviceInstanceId, 10);
      expect(read.sort((left, right) => order(left) - order(right))).toEqual(marked);
      const streamed = await streamAt(await readVerdictTimes(engine.client, 0));
      expect(streamed.sort((left, right) => order(left) - order(right))).toEqual(marked);
    });
    await fc.assert(whole, { numRuns: 25 });
  });

  it('keep unknown unknown: null and NaN are null, and never 0', async () => {
    await insertVerdicts(engine.client, [{ ...VERDICT, estimate: Number.NaN, lower: null }]);
    const [read] = await readVerdicts(engine.client, { nowMs: NOW_MS });
    expect(read).toEqual({ ...VERDICT, estimate: null });
  });

  it('are read newest per source and dimension, as of a time, and not when they are old', async () => {
    const at = (agoMs: number, changes: Partial<Verdict> = {}): Verdict => ({
      ...VERDICT,
      evaluatedAtMs: NOW_MS - agoMs,
      ...changes,
    });
    const pay = { ...VERDICT.source, serviceName: 'pay' };
    await insertVerdicts(engine.client, [
      at(5_000),
      at(1_000, { outcome: 'pass' }),
      at(2_000, { dimension: 'timeliness' }),
      at(3_000, { source: pay, outcome: 'fail' }),
      at(601_000, { source: pay, dimension: 'sampling' }),
    ]);
    const read = async (filter: Parameters<typeof readVerdicts>[1]) =>
      (await readVerdicts(engine.client, filter)).map(
        ({ source, dimension, outcome }) => `${source.serviceName} ${dimension} ${outcome}`,
      );
    expect(await read({ nowMs: NOW_MS })).toEqual([
      'checkout completeness pass',
      'checkout timeliness unknown',
      'pay completeness fail',
    ]);
    expect(await read({ nowMs: NOW_MS, service: 'pay' })).toEqual(['pay completeness fail']);
    expect(await read({ nowMs: NOW_MS, dimension: 'timeliness' })).toEqual(['checkout timeliness unknown']);
    expect(await read({ nowMs: NOW_MS, atMs: NOW_MS - 4_000 })).toEqual([
      'checkout completeness unknown',
      'pay sampling unknown',
    ]);
    expect(await read({ nowMs: NOW_MS + 700_000 })).toEqual([]);
    const times = await readVerdictTimes(engine.client, NOW_MS - 2_000);
    expect([...times.values()]).toEqual([1, 1]);
    const streamed = await streamAt(times);
    expect(streamed.map(({ dimension, outcome }) => `${dimension} ${outcome}`)).toEqual([
      'timeliness unknown',
      'completeness pass',
    ]);
    // As at a start: of all that was said in ten minutes, the newest of each.
    const renewals = Array.from({ length: 60 }, (_, i) => at(10_000 + 1_000 * i, { source: pay }));
    await insertVerdicts(engine.client, renewals);
    const ofAll = await streamAt(await readVerdictTimes(engine.client, NOW_MS - 600_000));
    expect(ofAll.map(({ source, dimension }) => `${source.serviceName} ${dimension}`).sort()).toEqual([
      'checkout completeness',
      'checkout timeliness',
      'pay completeness',
    ]);
  });

  it('fail with a code when the store is not there', async () => {
    const nowhere = createStoreClient({ url: 'http://127.0.0.1:1' });
    const unavailable = {
      code: 'store_unavailable',
      message: expect.stringMatching(/^Cannot (read|insert) /),
    };
    await expect(readVerdicts(nowhere, { nowMs: NOW_MS })).rejects.toMatchObject(unavailable);
    await expect(insertVerdicts(nowhere, [VERDICT])).rejects.toMatchObject(unavailable);
    await insertVerdicts(nowhere, []);
    await nowhere.close();
  });
});

const FINDING: Finding = {
  id: 'f-1',
  kind: FINDING_KINDS[0],
  subject: 'service:checkout',
  culprit: null,
  state: 'suspect',
  onsetAtMs: NOW_MS - 10_000,
  detectedAtMs: NOW_MS,
  closedAtMs: null,
  effect: {
    metric: 'ok_ratio',
    ratio: Number.POSITIVE_INFINITY,
    lower: 1,
    upper: Number.NaN,
    atEqualLoad: true,
  },
  confidence: 0.9,
  reasons: [{ code: 'settled', text: 'It no longer changes.' }],
  evidence: { series: [1, 2, null] },
  decisions: ['d-1', "d'2"],
};

describe('findings', () => {
  it('keep their newest state under one id', async () => {
    const closed: Finding = { ...FINDING, state: 'closed', closedAtMs: NOW_MS + 5, culprit: "actor's" };
    await writeFinding(engine.client, closed, NOW_MS + 5);
    await writeFinding(engine.client, FINDING, NOW_MS);
    expect(await readFinding(engine.client, 'f-1')).toEqual(closed);
    expect(await readFinding(engine.client, 'f-2')).toBe(null);
  });

  it('are listed by state, newest onset first', async () => {
    const write = (id: string, changes: Partial<Finding>) =>
      writeFinding(engine.client, { ...FINDING, id, ...changes }, NOW_MS);
    await write('a', { onsetAtMs: NOW_MS - 3 });
    await write('b', { onsetAtMs: NOW_MS - 1, state: 'confirmed' });
    await write('c', { onsetAtMs: NOW_MS - 2 });
    const ids = async (filter?: Parameters<typeof readFindings>[1]) =>
      (await readFindings(engine.client, filter)).map((finding) => finding.id);
    expect(await ids()).toEqual(['b', 'c', 'a']);
    expect(await ids({ state: 'suspect' })).toEqual(['c', 'a']);
    expect(await ids({ limit: 1 })).toEqual(['b']);
    expect((await readFindings(engine.client, { state: 'confirmed' }))[0]).toEqual({
      ...FINDING,
      id: 'b',
      onsetAtMs: NOW_MS - 1,
      state: 'confirmed',
    });
  });
});

const REQUEST: DecisionRequest = {
  actor: { id: 'scaler', type: 'autoscaler' },
  action: { kind: 'scale', stage: 'scaling', from: { replicas: 3 }, to: { replicas: 6 } },
  target: { service: 'checkout', env: 'prod' },
};

function decision(seq: number, changes: Partial<DecisionRow> = {}): DecisionRow {
  const response: Decision = {
    decision: 'hold',
    decisionId: `d-${seq}`,
    seq,
    validUntil: '2026-03-04T05:06:22.890Z',
    retryAfterS: 5,
    data: { state: 'unknown', confidence: null, components: [] },
    reasons: [],
    limits: { step: 2 },
    wouldAllowIf: ['fresh data'],
    failMode: null,
    constraintSet: 'built-in',
    prevHash: 'aa',
    receipt: null,
  };
  return {
    decidedAtMs: NOW_MS + seq,
    mode: 'enforce',
    request: REQUEST,
    response,
    hash: `h${seq}`,
    ...changes,
  };
}

describe('decisions', () => {
  it('come back as they were made, newest first, once however often they are sent', async () => {
    const pay = decision(2, { mode: 'shadow', request: { ...REQUEST, target: { service: 'pay' } } });
    for (let i = 0; i < 2; i++) await insertDecisions(engine.client, [decision(1), pay]);
    expect(await readDecisions(engine.client)).toEqual([pay, decision(1)]);
    expect(await readDecisions(engine.client, { service: 'checkout' })).toEqual([decision(1)]);
    expect(await readDecisions(engine.client, { limit: 1 })).toEqual([pay]);
    expect(await readDecision(engine.client, 'd-1')).toEqual(decision(1));
    expect(await readDecision(engine.client, 'd-9')).toBe(null);
  });
});

describe('reports and notifications', () => {
  const report: Report = {
    id: 'r-1',
    subjectId: 'f-1',
    state: 'open',
    openedAt: '2026-03-04T05:06:07.890Z',
    updatedAt: '2026-03-04T05:06:07.890Z',
    closedAt: null,
    headline: 'checkout answers "ok" for 80 %',
    markdown: '# checkout\n\nIt is so.\n',
    facts: { ratio: 0.8 },
  };

  it('keep their newest state under one id', async () => {
    const closed: Report = {
      ...report,
      state: 'closed',
      updatedAt: '2026-03-04T06:00:00.000Z',
      closedAt: '2026-03-04T06:00:00.000Z',
    };
    await writeReport(engine.client, report);
    expect(await readReports(engine.client, { limit: 10, state: 'open' })).toEqual([report]);
    await writeReport(engine.client, closed);
    await writeReport(engine.client, { ...report, id: 'r-2' });
    expect(await readReport(engine.client, 'r-1')).toEqual(closed);
    expect(await readReport(engine.client, 'r-9')).toBe(null);
    expect((await readReports(engine.client, { limit: 10 })).map(({ id }) => id)).toEqual(['r-1', 'r-2']);
    expect((await readReports(engine.client, { limit: 10, state: 'open' })).map(({ id }) => id)).toEqual([
      'r-2',
    ]);
  });

  it('tell what became of each channel', async () => {
    const failed: Notification = {
      id: 'r-1:webhook',
      reportId: 'r-1',
      channel: 'webhook',
      state: 'failed',
      attempts: 3,
      updatedAtMs: NOW_MS,
      detail: 'answered 500',
    };
    const delivered: Notification = {
      ...failed,
      state: 'delivered',
      attempts: 4,
      updatedAtMs: NOW_MS + 1,
      detail: '',
    };
    const other = { ...failed, id: 'r-2:webhook', reportId: 'r-2' };
    for (const one of [delivered, failed, other]) await writeNotification(engine.client, one);
    expect(await readNotifications(engine.client)).toEqual([delivered, other]);
    expect(await readNotifications(engine.client, { reportId: 'r-2' })).toEqual([other]);
  });
});
