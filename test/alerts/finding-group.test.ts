import { describe, expect, it } from 'vitest';
import { groupFindings } from '../../alerts/finding-group.ts';
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

/** What on-call gets to hear over some ticks, each with what was told before. */
function play(ticks: readonly (readonly Finding[])[]): { news: string; report: Report }[] {
  const told: { news: string; report: Report }[] = [];
  let open: Report | null = null;
  for (const [tick, findings] of ticks.entries()) {
    for (const { lead, others } of groupFindings(
      findings,
      () => (open?.facts['findingId'] as string) ?? null,
    )) {
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
    expect(groupFindings([slow, elsewhere, otherKind], () => null)).toHaveLength(3);
  });
});
