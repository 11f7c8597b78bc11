import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { incidentsDocument } from './incidents-document.ts';
import { readIncidents } from './read-incident.ts';
import { replayIncident } from './replay-incident.ts';

const incidents = readIncidents();
const named = incidents.map((incident) => [incident.title, incident] as const);

describe('17 incidents', () => {
  it('are all here, each stopped at least once', () => {
    expect(incidents).toHaveLength(17);
    const stopped = incidents.filter(({ asks }) =>
      asks.some(({ incident }) => incident.decision !== 'allow'),
    );
    expect(stopped).toHaveLength(17);
  });

  it.each(named)('%s: stopped by the named check', (_title, incident) => {
    const said = replayIncident(incident, 'incident').map(({ decision, reasons }) => {
      const decisive = reasons.filter(({ severity }) => severity === 'blocking' || decision === 'allow');
      return { decision, codes: decisive.map(({ code }) => code) };
    });
    expect(said).toEqual(
      incident.asks.map(({ incident: { decision, reason } }) => ({
        decision,
        // What stops it is the first that is told; an allow says at its end by what right it is one.
        codes: decision === 'allow' ? expect.arrayContaining([reason]) : expect.toSatisfy(startsWith(reason)),
      })),
    );
  });

  it.each(named)('%s: its healthy twin is allowed', (_title, incident) => {
    const said = replayIncident(incident, 'twin').map(({ decision, reasons }) => ({
      decision,
      codes: reasons.map(({ code }) => code),
    }));
    expect(said).toEqual(incident.asks.map(() => ({ decision: 'allow', codes: ['OK'] })));
  });

  it('are told in docs/incidents.md as they are replayed', async () => {
    await expect(incidentsDocument()).toMatchFileSnapshot(
      join(import.meta.dirname, '../../docs/incidents.md'),
    );
  });
});

function startsWith(reason: string) {
  return (codes: readonly string[]) => codes[0] === reason;
}
