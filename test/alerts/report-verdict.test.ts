import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportVerdict } from '../../alerts/report-verdict.ts';
import type { News } from '../../alerts/telling.ts';
import { groupVerdicts, type VerdictGroup } from '../../alerts/verdict-group.ts';
import { addToStreak, type VerdictStreak } from '../../alerts/verdict-streak.ts';
import type { Report } from '../../core/report.ts';
import type { Outcome, Verdict } from '../../core/verdict.ts';
import { makeVerdict, T0_MS } from './make-verdict.ts';

interface Told {
  readonly news: News;
  readonly atMs: number;
  readonly report: Report;
}

/** Plays evaluations through streak and report, as the teller does. */
function play(evaluations: readonly Verdict[]): Told[] {
  const told: Told[] = [];
  let streak: VerdictStreak | null = null;
  for (const verdict of evaluations) {
    const nowMs = verdict.evaluatedAtMs;
    const [group] = groupVerdicts([verdict], nowMs) as [VerdictGroup];
    streak = addToStreak(streak, group);
    const telling = reportVerdict(group, { nowMs, previous: told.at(-1)?.report ?? null, streak });
    if (telling !== null) told.push({ news: telling.news, atMs: nowMs - T0_MS, report: telling.report });
  }
  return told;
}

/** One evaluation a second: `f` fail, `p` pass, `u` unknown. */
function seconds(outcomes: string): Verdict[] {
  const names: Readonly<Record<string, Outcome>> = { f: 'fail', p: 'pass', u: 'unknown' };
  return [...outcomes].map((letter, index) =>
    makeVerdict({ outcome: names[letter] as Outcome, evaluatedAtMs: T0_MS + index * 1_000 }),
  );
}

const lastingFailure = (nowMs: number): VerdictStreak => ({
  evaluatedAtMs: nowMs,
  failCount: 3,
  failSinceMs: T0_MS,
  failedAtMs: nowMs,
  passSinceMs: null,
  recent: [],
});

const told = (outcomes: string): [News, number][] =>
  play(seconds(outcomes)).map(({ news, atMs }) => [news, atMs]);

describe('reportVerdict', () => {
  it.each([
    ['a failure of less than 10 s is not told', 'ffffffffff', []],
    ['at 10 s it opens, once', 'f'.repeat(40), [['opened', 10_000]]],
    ['a pass in between begins the count again', `fffffffffp${'f'.repeat(10)}`, []],
    ['unknown neither counts nor ends the row', `ff${'u'.repeat(8)}f`, [['opened', 10_000]]],
    ['two failures far apart are no row', `f${'u'.repeat(9)}f`, []],
    [
      'passing closes after 30 s',
      `${'f'.repeat(11)}${'p'.repeat(40)}`,
      [
        ['opened', 10_000],
        ['closed', 41_000],
      ],
    ],
    ['unknown never closes', `${'f'.repeat(11)}${'u'.repeat(120)}`, [['opened', 10_000]]],
    [
      'a doubt while passing begins the 30 s again',
      `${'f'.repeat(11)}${'p'.repeat(20)}u${'p'.repeat(31)}`,
      [
        ['opened', 10_000],
        ['closed', 62_000],
      ],
    ],
    [
      'a failure while passing keeps it open',
      `${'f'.repeat(11)}${'p'.repeat(20)}f${'p'.repeat(30)}`,
      [['opened', 10_000]],
    ],
    [
      'after the close it opens again',
      `${'f'.repeat(11)}${'p'.repeat(31)}${'f'.repeat(11)}`,
      [
        ['opened', 10_000],
        ['closed', 41_000],
        ['opened', 52_000],
      ],
    ],
  ])('%s', (_name, outcomes, expected) => {
    expect(told(outcomes)).toEqual(expected);
  });

  it('is told again when the loss has doubled, at most every ten minutes', () => {
    const losses = [0.1, 0.1, 0.1, 0.25, 0.25, 0.25, 0.3, 0.6, 0.6];
    const evaluations = losses.map((estimate, index) =>
      makeVerdict({ estimate, evaluatedAtMs: T0_MS + (index < 3 ? index * 5_000 : (index - 2) * 250_000) }),
    );
    // A gap of more than a minute is none here: told is what stands in the report.
    expect(play(evaluations).map(({ news, atMs }) => [news, atMs])).toEqual([
      ['opened', 10_000],
      ['doubled', 750_000],
      ['doubled', 1_500_000],
    ]);
  });

  it('keeps one id from open to close and starts where the failure started', () => {
    const reports = play(seconds(`${'f'.repeat(11)}${'p'.repeat(31)}`)).map(({ report }) => report);
    expect(reports.map(({ state }) => state)).toEqual(['open', 'closed']);
    expect(new Set(reports.map(({ id }) => id)).size).toBe(1);
    expect(reports.map(({ openedAt }) => openedAt)).toEqual(Array(2).fill('2026-11-23T14:02:10.000Z'));
    expect(reports[1]?.closedAt).toBe('2026-11-23T14:02:51.000Z');
  });

  it('alternates opened and closed, and never closes on the heels of anything but 30 s of passes', () => {
    const history = fc.array(fc.constantFrom('f', 'p', 'u'), { minLength: 1, maxLength: 200 });
    const property = fc.property(history, (letters) => {
      const outcomes = letters.flatMap((letter) => Array<string>(7).fill(letter)).join('');
      const news = told(outcomes);
      const states = news.filter(([what]) => what === 'opened' || what === 'closed');
      expect(states.every(([what], index) => what === (index % 2 === 0 ? 'opened' : 'closed'))).toBe(true);
      for (const [what, atMs] of news) {
        const until = outcomes.slice(0, atMs / 1_000 + 1);
        expect(what === 'closed' ? /p{31}$/.test(until) : until.endsWith('f')).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 200, seed: 20261123 });
  });

  it('reads like this when it opens and when it is over', async () => {
    const siblings = [makeVerdict({ dimension: 'timeliness', outcome: 'pass', estimate: 1.2, unit: 's' })];
    const evaluations = seconds('f'.repeat(11)).map((verdict, index) => ({
      ...verdict,
      estimate: 0.1 + index / 50,
    }));
    let streak: VerdictStreak | null = null;
    for (const verdict of evaluations) {
      const [group] = groupVerdicts([verdict], verdict.evaluatedAtMs) as [VerdictGroup];
      streak = addToStreak(streak, group);
    }
    const nowMs = T0_MS + 10_000;
    const [group] = groupVerdicts([{ ...makeVerdict({ evaluatedAtMs: nowMs }) }], nowMs) as [VerdictGroup];
    const opened = reportVerdict(group, { nowMs, previous: null, streak: streak as VerdictStreak, siblings });
    await expect(opened?.report.markdown).toMatchFileSnapshot('golden/verdict-opened.md');
    const [, closed] = play(seconds(`${'f'.repeat(11)}${'p'.repeat(31)}`));
    await expect(closed?.report.markdown).toMatchFileSnapshot('golden/verdict-closed.md');
  });

  it('calls nobody for a handful of records, unless a constraint asks for the source', () => {
    const nowMs = T0_MS + 10_000;
    const [group] = groupVerdicts([makeVerdict({ n: 3, evaluatedAtMs: nowMs })], nowMs) as [VerdictGroup];
    const context = { nowMs, previous: null, streak: lastingFailure(nowMs) };
    expect(reportVerdict(group, context)).toBeNull();
    expect(reportVerdict(group, { ...context, constraint: 'checkout/traces' })?.news).toBe('opened');
  });

  it('takes the instances of a service together and names the failing ones', () => {
    const nowMs = T0_MS + 10_000;
    const instance = (serviceInstanceId: string, changes: Partial<Verdict>) =>
      makeVerdict({ evaluatedAtMs: nowMs, ...changes, source: { serviceInstanceId } });
    const verdicts = [
      instance('pod-1', { outcome: 'pass', estimate: 0, lower: 0, upper: 0.001 }),
      instance('pod-2', { lower: 0.1 }),
      instance('pod-3', { lower: 0.5, estimate: 0.6 }),
    ];
    const groups = groupVerdicts(verdicts, nowMs);
    expect(groups.map(({ outcome, source }) => [outcome, source.serviceInstanceId])).toEqual([['fail', '']]);
    const [group] = groups as [VerdictGroup];
    const streak = lastingFailure(nowMs);
    const report = reportVerdict(group, { nowMs, previous: null, streak })?.report;
    expect(report?.headline).toContain('(2 of 3 instances): 60 % of the spans lost');
    expect(report?.facts['failingInstances']).toEqual(['pod-2', 'pod-3']);
    expect(
      groupVerdicts(
        [instance('pod-1', { outcome: 'pass' }), instance('pod-2', { outcome: 'unknown' })],
        nowMs,
      )[0]?.outcome,
    ).toBe('unknown');
    expect(groupVerdicts(verdicts, nowMs + 60_000)[0]?.outcome).toBe('unknown');
  });
});

describe('a report of timeliness', () => {
  const reportOf = (decidedBy: string, changes: Partial<Verdict>) => {
    const evaluations = seconds('f'.repeat(60)).map((verdict) => ({
      ...verdict,
      dimension: 'timeliness' as const,
      evidence: { decidedBy },
      ...changes,
    }));
    return play(evaluations)[0]?.report;
  };

  it.each([
    ['freshness', 's', 90, 'spans are 90 s behind'],
    ['clock-skew', 's', 5, 'its clock is off by 5 s'],
    ['late-share', 'ratio', 0.2, '20 % of the spans come more than a minute late'],
    ['future-stamps', 'ratio', 0.5, '50 % of the spans are stamped in the future'],
  ] as const)('says what %s is about', (decidedBy, unit, estimate, text) => {
    const limits = { warn: 0.01, fail: 0.02 };
    expect(reportOf(decidedBy, { unit, estimate, lower: estimate, limits })?.headline).toContain(text);
  });

  it('gives each estimator its own unit', () => {
    const estimator = { kind: 'clock', lower: 0.1, upper: 0.3, n: 50 } as const;
    const report = reportOf('late-share', {
      estimators: [
        { ...estimator, id: 'late-share', estimate: 0.2 },
        { ...estimator, id: 'freshness', estimate: 0.2, unit: 's' },
      ],
    });
    expect(report?.markdown).toMatch(/late-share +20 %/);
    expect(report?.markdown).toMatch(/freshness +0\.2 s/);
  });
});
