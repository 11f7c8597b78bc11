import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupFindings, type OpenReports } from '../../alerts/finding-group.ts';
import { reportFinding } from '../../alerts/report-finding.ts';
import type { Finding } from '../../core/finding.ts';
import type { Report } from '../../core/report.ts';
import { makeFinding } from './make-finding.ts';
import { T0_MS } from './make-verdict.ts';

const slow = makeFinding({ id: 'slow', state: 'suspect' });
const failing = makeFinding({
  id: 'failing',
  state: 'suspect',
  effect: { ...slow.effect, metric: 'ok_ratio', ratio: 0.9, lower: 0.88, upper: 0.92 },
});

const NOTHING_OPEN = { leadIdOf: () => null, subjectOf: () => null };

/** What on-call gets to hear over some ticks, each with what was told before. */
function play(ticks: readonly (readonly Finding[])[]): { news: string; report: Report }[] {
  const told: { news: string; report: Report }[] = [];
  let open: Report | null = null;
  for (const [tick, findings] of ticks.entries()) {
    const leadIdOf = () => (open?.facts['findingId'] as string) ?? null;
    for (const { lead, others } of groupFindings(findings, { leadIdOf, subjectOf: () => null })) {
      const telling = reportFinding(lead, { nowMs: T0_MS + tick * 5_000, previous: open, others });
      if (telling === null) continue;
      open = telling.report;
      told.push(telling);
    }
  }
  return told;
}

describe('findings of one kind about one service', () => {
  it('are one report from the first to the last', () => {
    const closed = (finding: Finding): Finding => ({ ...finding, state: 'closed', closedAtMs: T0_MS });
    const told = play([
      [slow],
      [slow, failing],
      [slow, { ...failing, state: 'confirmed' }],
      [closed(slow), { ...failing, state: 'confirmed' }],
      [{ ...failing, state: 'confirmed' }],
      [closed(failing)],
    ]);
    expect(told.map(({ news }) => news)).toEqual(['opened', 'confirmed', 'closed']);
    expect(new Set(told.map(({ report }) => report.id)).size).toBe(1);
  });

  it('stand in the report they share', () => {
    const [opened] = play([[slow, failing]]);
    expect(opened?.report.markdown).toContain(
      'also suspect: checkout: settled in a bad state; ok_ratio at 0.9 times',
    );
    expect(opened?.report.facts['otherFindingIds']).toEqual(['failing']);
  });

  it('keep apart by service and by kind', () => {
    const elsewhere = makeFinding({ id: 'elsewhere', subject: 'cart' });
    const otherKind = makeFinding({ id: 'other', kind: 'feedback-loop' });
    expect(groupFindings([slow, elsewhere, otherKind], NOTHING_OPEN)).toHaveLength(3);
  });
});

describe('findings of one cause', () => {
  const cause = { groupLeadId: 'tuned' };
  const tuned = makeFinding({
    id: 'tuned',
    kind: 'local-vs-global',
    subject: 'catalog',
    state: 'confirmed',
    culprit: 'cache-tuner',
    evidence: cause,
  });
  const stale = makeFinding({
    id: 'stale',
    kind: 'masked-failure',
    subject: 'catalog->store',
    evidence: cause,
  });
  const later = makeFinding({ id: 'later', kind: 'misread-as-normal', subject: 'web', evidence: cause });
  const closed = (finding: Finding): Finding => ({ ...finding, state: 'closed', closedAtMs: T0_MS });
  const alone = (finding: Finding): Finding => ({ ...finding, evidence: { groupLeadId: finding.id } });

  /** Told over some ticks with every open report in mind, as the job keeps them. */
  function tell(ticks: readonly (readonly Finding[])[]): { news: string; report: Report }[] {
    const open = new Map<string, Report>();
    return ticks.flatMap((findings, tick) =>
      groupFindings(findings, openReports(open)).flatMap(({ subjectId, lead, others }) => {
        const previous = open.get(subjectId) ?? null;
        const telling = reportFinding(lead, { nowMs: T0_MS + tick * 5_000, previous, others });
        if (telling === null) return [];
        if (telling.report.state === 'open') open.set(telling.report.subjectId, telling.report);
        else open.delete(telling.report.subjectId);
        expect(telling.report.subjectId).toBe(subjectId);
        return [telling];
      }),
    );
  }

  function openReports(open: ReadonlyMap<string, Report>): OpenReports {
    const covered = ({ facts }: Report) => [facts['findingId'], ...(facts['otherFindingIds'] as string[])];
    return {
      leadIdOf: (subjectId) => (open.get(subjectId)?.facts['findingId'] as string | undefined) ?? null,
      subjectOf: (id) => [...open.values()].find((report) => covered(report).includes(id))?.subjectId ?? null,
    };
  }

  it('are one report, led by the one that the detector names', () => {
    const [opened, ...rest] = tell([[stale, later, tuned]]);
    expect(rest).toEqual([]);
    expect(opened?.report.headline).toContain("catalog: an actor's own goal got better");
    expect(opened?.report.facts['otherFindingIds']).toEqual(['stale', 'later']);
    expect(opened?.report.markdown).toContain('also suspect: catalog->store: a failure hidden by retries');
  });

  it('go on in one report while members close, the lead first, and close with the last', () => {
    const told = tell([
      [tuned, stale, later],
      [closed(tuned), stale, later],
      [stale, later],
      [closed(stale), later],
      [later],
      [closed(later)],
    ]);
    expect(new Set(told.map(({ report }) => report.id)).size).toBe(1);
    expect(told.map(({ news }) => news)).toEqual(['opened', 'updated', 'updated', 'closed']);
  });

  it('keep the report that was open before the cause was known', () => {
    const told = tell([[alone(stale)], [stale, tuned], [closed(stale), tuned], [closed(tuned)]]);
    expect(new Set(told.map(({ report }) => report.id)).size).toBe(1);
    expect(told.map(({ news }) => news)).toEqual(['opened', 'confirmed', 'closed']);
    expect(told[1]?.report.headline).toContain("an actor's own goal");
  });

  it('that were told apart before stay apart until each closes', () => {
    const told = tell([
      [alone(stale), alone(later)],
      [stale, later, tuned],
      [closed(stale), later, tuned],
      [closed(later), closed(tuned)],
    ]);
    const ids = new Set(told.map(({ report }) => report.id));
    expect(ids.size).toBe(2);
    for (const id of ids)
      expect(told.filter(({ report, news }) => report.id === id && news === 'closed')).toHaveLength(1);
  });

  it('leave no report open, whatever the detector thinks of their cause over time', () => {
    const lives = fc.array(
      fc.record({
        from: fc.nat(8),
        ticks: fc.integer({ min: 1, max: 8 }),
        subject: fc.constantFrom('a', 'b'),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const leads = fc.array(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), {
      minLength: 18,
      maxLength: 18,
    });
    const property = fc.property(lives, leads, (born, leadOf) => {
      const ticks = leadOf.map((causes, tick) =>
        born.flatMap(({ from, ticks: count, subject }, index): Finding[] => {
          if (tick < from || tick > from + count) return [];
          const evidence = { groupLeadId: `f${causes[index]}` };
          const one = makeFinding({ id: `f${index}`, subject, state: 'confirmed', evidence });
          return [tick === from + count ? closed(one) : one];
        }),
      );
      const last = new Map(tell(ticks).map(({ report }) => [report.id, report.state]));
      expect([...last.values()].every((state) => state === 'closed')).toBe(true);
      expect(last.size).toBeGreaterThan(0);
    });
    fc.assert(property, { numRuns: 300, seed: 20261127 });
  });
});
