import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EdgeHistory } from '../../core/system-history.ts';
import { findingOfEpisode } from '../../detectors/finding-of-episode.ts';
import { groupEpisodes } from '../../detectors/group-episodes.ts';
import { makeEpisode } from './make-episode.ts';

const none = new Float64Array(0);
const edge = (from: string, to: string): EdgeHistory => ({
  from,
  to,
  calls: none,
  attempts: none,
  failures: none,
  latencyMs: none,
});
const edges = [edge('web', 'checkout'), edge('checkout', 'payment'), edge('web', 'search')];

describe('groupEpisodes', () => {
  it('makes one of callers and callee, led by the callee', () => {
    const web = makeEpisode({ subject: 'web', onsetMinute: 6_000 });
    const checkout = makeEpisode({ subject: 'checkout', onsetMinute: 6_010 });
    const payment = makeEpisode({ subject: 'payment', onsetMinute: 6_020 });
    const groups = groupEpisodes([web, checkout, payment], edges);
    expect(groups).toHaveLength(1);
    expect([checkout, payment]).toContain(groups[0]?.lead);
    expect(groups[0]?.others).toContain(web);
  });

  it('keeps apart what does not call each other', () => {
    const groups = groupEpisodes(
      [makeEpisode({ subject: 'payment' }), makeEpisode({ subject: 'search' })],
      edges,
    );
    expect(groups).toHaveLength(2);
  });

  it('keeps apart what began days later, unless one actor did both', () => {
    const first = { subject: 'web', onsetMinute: 6_000 };
    const later = { subject: 'search', onsetMinute: 9_000, detectedMinute: 9_300 };
    expect(groupEpisodes([makeEpisode(first), makeEpisode(later)], edges)).toHaveLength(2);
    const byOne = [first, later].map((of) => makeEpisode({ ...of, actors: ['rightsizer'] }));
    expect(groupEpisodes(byOne, edges)).toHaveLength(1);
  });

  it('keeps apart what was over before the other began', () => {
    const over = makeEpisode({ subject: 'web', onsetMinute: 6_000, closedMinute: 6_500 });
    const next = makeEpisode({ subject: 'search', onsetMinute: 6_600 });
    expect(groupEpisodes([over, next], edges)).toHaveLength(2);
  });

  it('joins two groups that a third episode connects', () => {
    const groups = groupEpisodes(
      [
        makeEpisode({ subject: 'payment', onsetMinute: 6_000 }),
        makeEpisode({ subject: 'search', onsetMinute: 6_001 }),
        makeEpisode({ subject: 'web->search', onsetMinute: 6_002 }),
        makeEpisode({ subject: 'checkout', onsetMinute: 6_003 }),
      ],
      edges,
    );
    expect(groups).toHaveLength(1);
  });

  it('has every episode in exactly one group, whatever their order', () => {
    const episode = fc.record({
      subject: fc.constantFrom('web', 'checkout', 'payment', 'search', 'web->search'),
      onsetMinute: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(fc.array(episode, { maxLength: 12 }), (list) => {
        const episodes = list.map((of) => makeEpisode(of));
        const groups = groupEpisodes(episodes, edges);
        const members = groups.flatMap(({ lead, others }) => [lead, ...others]);
        expect(new Set(members).size).toBe(episodes.length);
        expect(members).toHaveLength(episodes.length);
        expect(groupEpisodes(episodes.toReversed(), edges)).toHaveLength(groups.length);
      }),
    );
  });
});

describe('findingOfEpisode', () => {
  const history = { startMs: Date.UTC(2026, 0, 5) };

  it('keeps its id while it is dated better and confirmed', () => {
    const suspect = makeEpisode({ confirmedMinute: null });
    const dated = makeEpisode({ onsetMinute: 5_900 });
    const [a, b] = [suspect, dated].map((episode) =>
      findingOfEpisode(episode, { history, groupLead: episode }),
    );
    expect(a?.id).toBe('stabilised-bad-state:checkout:2026-01-09T09:00:00.000Z');
    expect(b?.id).toBe(a?.id);
    expect([a?.state, b?.state]).toEqual(['suspect', 'confirmed']);
    expect(b?.evidence['confirmedAt']).toBe('2026-01-09T10:00:00.000Z');
  });

  it('is closed at the minute of its close', () => {
    const episode = makeEpisode({ closedMinute: 8_000 });
    const finding = findingOfEpisode(episode, { history, groupLead: makeEpisode({ subject: 'payment' }) });
    expect(finding.state).toBe('closed');
    expect(finding.closedAtMs).toBe(history.startMs + 8_000 * 60_000);
    expect(finding.evidence['groupLeadId']).toMatch(/^stabilised-bad-state:payment:/);
  });
});
