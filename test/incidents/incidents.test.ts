import { describe, expect, it } from 'vitest';
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
    const said = replayIncident(incident, 'incident').map(({ decision, reasons }, index) => ({
      decision,
      isNamed: reasons.some(({ code }) => code === incident.asks[index]?.incident.reason),
      codes: reasons.map(({ code }) => code),
    }));
    const wanted = incident.asks.map((ask, index) => ({
      decision: ask.incident.decision,
      isNamed: true,
      codes: said[index]?.codes,
    }));
    expect(said).toEqual(wanted);
  });

  it.each(named)('%s: its healthy twin is allowed', (_title, incident) => {
    const said = replayIncident(incident, 'twin').map(({ decision, reasons }) => ({
      decision,
      codes: reasons.map(({ code }) => code),
    }));
    expect(said).toEqual(incident.asks.map(() => ({ decision: 'allow', codes: ['OK'] })));
  });
});
