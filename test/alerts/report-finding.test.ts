import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportFinding } from '../../alerts/report-finding.ts';
import type { Telling } from '../../alerts/telling.ts';
import { FINDING_KINDS, type Finding, type FindingState } from '../../core/finding.ts';
import type { Report } from '../../core/report.ts';
import { makeFinding, makeLocalVsGlobal, makeMaskedFailure } from './make-finding.ts';
import { makeVerdict, T0_MS } from './make-verdict.ts';

const MINUTE_MS = 60_000;

/** One look a minute, each with what was told before; reports pass through JSON, as they do in the store. */
function play(findings: readonly Finding[]): (Telling & { atMinute: number })[] {
  const told: (Telling & { atMinute: number })[] = [];
  let previous: Report | null = null;
  findings.forEach((finding, atMinute) => {
    const nowMs = T0_MS + atMinute * MINUTE_MS;
    const telling = reportFinding(finding, { nowMs, previous });
    if (telling === null) return;
    previous = JSON.parse(JSON.stringify(telling.report)) as Report;
    told.push({ ...telling, atMinute });
  });
  return told;
}

const states = (...names: FindingState[]): Finding[] => names.map((state) => makeFinding({ state }));
const ratios = (...values: number[]): Finding[] =>
  values.map((ratio) => makeFinding({ effect: { ...makeFinding().effect, ratio } }));

describe('reportFinding', () => {
  it.each([
    ['one report for a finding that continues', states('suspect', 'suspect', 'suspect'), ['opened']],
    ['again when confirmed', states('suspect', 'confirmed', 'confirmed'), ['opened', 'confirmed']],
    ['again when closed', states('confirmed', 'closed', 'closed'), ['opened', 'closed']],
    ['nothing for what was never open', states('closed', 'cannot-say', 'cannot-say'), []],
    [
      'quietly when nobody can say, and when somebody can again',
      states('suspect', 'cannot-say', 'cannot-say', 'suspect'),
      ['opened', 'updated', 'updated'],
    ],
    [
      'confirmed once, whatever lies between',
      states('confirmed', 'cannot-say', 'confirmed', 'suspect', 'confirmed'),
      ['opened', 'updated', 'updated', 'updated', 'updated'],
    ],
  ])('tells %s', (_name, findings, expected) => {
    expect(play(findings).map(({ news }) => news)).toEqual(expected);
  });

  it.each([
    ['doubled: 1.5 to 2 is twice as far from 1', [1.5, ...Array<number>(10).fill(2)], [0, 10]],
    ['halved counts like doubled', [0.8, ...Array<number>(10).fill(0.5)], [0, 10]],
    ['not for less than that', [1.5, ...Array<number>(20).fill(1.9)], [0]],
    ['not for coming back to what was told', [2, ...Array<number>(9).fill(1.2), 2, 2, 2], [0]],
    [
      'an infinite effect cannot double',
      [Number.POSITIVE_INFINITY, ...Array<number>(20).fill(Number.POSITIVE_INFINITY)],
      [0],
    ],
  ])('is told again when %s', (_name, values, minutes) => {
    expect(play(ratios(...values)).map(({ atMinute }) => atMinute)).toEqual(minutes);
  });

  it('never closes on missing data and keeps one id', () => {
    const names: FindingState[] = ['suspect', 'confirmed', 'cannot-say', 'closed'];
    const property = fc.property(fc.array(fc.constantFrom(...names), { maxLength: 60 }), (history) => {
      const told = play(states(...history));
      expect(new Set(told.map(({ report }) => report.id)).size).toBeLessThanOrEqual(1);
      for (const { news, atMinute, report } of told) {
        expect(report.state === 'closed').toBe(history[atMinute] === 'closed');
        expect(news === 'closed').toBe(report.state === 'closed');
      }
      expect(told.filter(({ news }) => news === 'opened').length).toBeGreaterThanOrEqual(
        told.filter(({ news }) => news === 'closed').length,
      );
    });
    fc.assert(property, { numRuns: 300, seed: 20261123 });
  });

  it('reads like this when it opens, when nobody can say, and when it is over', async () => {
    const nowMs = T0_MS + 7_260_000;
    const verdicts = [
      makeVerdict({ outcome: 'pass', estimate: 0, evaluatedAtMs: nowMs }),
      makeVerdict({
        dimension: 'timeliness',
        outcome: 'unknown',
        estimate: null,
        unit: 's',
        evaluatedAtMs: nowMs,
      }),
    ];
    const opened = reportFinding(makeFinding(), { nowMs, previous: null, verdicts });
    await expect(opened?.report.markdown).toMatchFileSnapshot('golden/finding-opened.md');
    const later = { nowMs: nowMs + MINUTE_MS, previous: opened?.report ?? null };
    const unknown = reportFinding(makeFinding({ state: 'cannot-say' }), later);
    await expect(unknown?.report.markdown).toMatchFileSnapshot('golden/finding-cannot-say.md');
    const closed = reportFinding(makeFinding({ state: 'closed', closedAtMs: nowMs }), later);
    await expect(closed?.report.markdown).toMatchFileSnapshot('golden/finding-closed.md');
  });

  const evidenceOf = (counts: object) => {
    const evidence = makeFinding().evidence;
    const steps = (evidence['steps'] as object[]).map((step) => ({ ...step, ...counts }));
    return { ...evidence, steps };
  };

  it('tells requests from the spans that they were seen through', () => {
    const evidence = evidenceOf({ requests: 900, spans: 45, unknownRatio: 0.005 });
    const report = reportFinding(makeFinding({ evidence }), { nowMs: T0_MS, previous: null })?.report;
    expect(report?.markdown).toContain(
      'of 9000 requests (adjusted count), seen through 450 spans; 0.5 % of the spans are of unknown weight',
    );
  });

  it('never shows spans of unknown weight as requests, nor how sure it is', () => {
    const evidence = evidenceOf({ requests: null, spans: 45, unknownRatio: 1 });
    const reasons = [{ code: 'WEIGHTS_UNKNOWN', text: 'Nobody knows.' }];
    const finding = makeFinding({ evidence, reasons, confidence: 0 });
    const report = reportFinding(finding, { nowMs: T0_MS, previous: null })?.report;
    expect(report?.markdown).toContain(
      'of 450 spans as received, how many requests they stand for is unknown; 100 % of the spans are of unknown weight',
    );
    expect(report?.headline).toMatch(/\(1.5 to 2.1\) of spans as received since .*; how sure is unknown$/);
    expect(report?.markdown).not.toContain('0 % sure');
  });

  it('reads like this when an automation gets its own way, and when retries hide a failure', async () => {
    const nowMs = T0_MS + 100_000_000;
    const row = (decisionId: string, hours: number, decision: string) => ({
      decidedAtMs: T0_MS + hours * 3_600_000,
      mode: 'enforce',
      request: {
        actor: { id: 'cache-tuner' },
        action: { kind: 'cache.ttl' },
        target: { service: 'catalog' },
      },
      response: { decision, decisionId },
    });
    const decisions = [row('d_6', 20, 'allow'), row('d_7', 23, 'allow'), row('d_8', 27, 'hold')] as never[];
    const masked = makeMaskedFailure();
    const tuned = reportFinding(makeLocalVsGlobal(), { nowMs, previous: null, decisions, others: [masked] });
    await expect(tuned?.report.markdown).toMatchFileSnapshot('golden/finding-local-vs-global.md');
    const hidden = reportFinding(masked, { nowMs, previous: null });
    await expect(hidden?.report.markdown).toMatchFileSnapshot('golden/finding-masked-failure.md');
  });

  it.each(FINDING_KINDS)(
    'tells of a %s what, since when, how sure, who, what hides it and what to do',
    (kind) => {
      const told = reportFinding(makeLocalVsGlobal({ kind, subject: 'a->b' }), {
        nowMs: T0_MS,
        previous: null,
      });
      const markdown = told?.report.markdown ?? '';
      expect(told?.report.headline).toMatch(/^a->b: .+; stale answers .+ since 2026-11-23 .+; 97 % sure$/);
      for (const part of ['Why it matters', 'What hides it', 'Who acted', 'would show that this is wrong'])
        expect(markdown).toContain(part);
      expect(markdown).toContain('- calls from a to b, and whoever calls a');
      expect(markdown).toContain('--service=b');
      expect(markdown).toMatch(/- cache-tuner: .+/);
      expect(markdown).toContain('`d_7` and 2 before');
      expect(markdown.split('## What you can do')[1]?.match(/^- .+/gm)?.length).toBeGreaterThan(1);
    },
  );

  it('reads a setting as it is, without an interval that nothing was estimated for', () => {
    const effect = { metric: 'replicasMin', ratio: 2, lower: 2, upper: 2, atEqualLoad: false };
    const headline = (changes: Partial<Finding>) =>
      reportFinding(makeLocalVsGlobal({ kind: 'ungated-action', ...changes }), {
        nowMs: T0_MS,
        previous: null,
      })?.report.headline;
    expect(headline({ effect })).toContain('; replicasMin at 2 times what it was before since');
    expect(headline({ effect: { ...effect, metric: 'restart', ratio: 1, lower: 1, upper: 1 } })).toContain(
      '; restart since',
    );
  });

  it('lets no name of an actor out of its place', () => {
    const actors = ['x` [a](https://evil)'];
    const finding = makeLocalVsGlobal({ culprit: null, evidence: { actors, hiddenBy: ['# all well'] } });
    const markdown = reportFinding(finding, { nowMs: T0_MS, previous: null })?.report.markdown ?? '';
    expect(markdown).toContain('- x\\` \\[a\\](https\\://evil): moved together');
    expect(markdown).toContain('- \\# all well');
    expect(markdown).toContain(`{ "x' [a](https://evil)": ["*"] }`);
  });

  it('says what the gate decided meanwhile', () => {
    const response = { decision: 'hold', decisionId: 'd_1' };
    const request = {
      actor: { id: 'hpa/prod' },
      action: { kind: 'scale.down' },
      target: { service: 'checkout' },
    };
    const row = { decidedAtMs: T0_MS, mode: 'enforce', request, response, hash: '' } as never;
    const report = reportFinding(makeFinding(), { nowMs: T0_MS, previous: null, decisions: [row] })?.report;
    expect(report?.markdown).toContain('2026-11-23 14:02:10 UTC **hold**: scale.down by hpa/prod (`d_1`)');
    expect(report?.facts['decisions']).toEqual(['d_1']);
  });
});
