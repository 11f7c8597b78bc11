import type { Report } from '../core/report.ts';
import { type CloudEvent, fittingData } from './cloud-event.ts';

const HEADLINE_LENGTH_MAX = 2_000;

function typeOf({ facts, state, openedAt, updatedAt }: Report): string {
  if (facts['kind'] !== 'finding') return 'dev.plumbline.source.trust_changed.v1';
  const step = state === 'closed' ? 'resolved' : openedAt === updatedAt ? 'opened' : 'updated';
  return `dev.plumbline.drift.${step}.v1`;
}

function subjectOf({ facts, subjectId }: Report): string {
  return typeof facts['subject'] === 'string' ? facts['subject'] : subjectId;
}

/** A report as an event: opened, updated and resolved drift, or a change of trust in a source. */
export function reportEvent(report: Report, source: string): CloudEvent {
  const { id, updatedAt, facts, markdown: _, ...named } = report;
  const short = { id, ...named, updatedAt, headline: report.headline.slice(0, HEADLINE_LENGTH_MAX) };
  const { evidence: __, estimators: ___, ...fewer } = facts;
  return {
    id: `${id}.${Date.parse(updatedAt)}`,
    source,
    type: typeOf(report),
    subject: subjectOf(report),
    time: updatedAt,
    data: fittingData(
      { ...short, facts },
      { ...short, facts: fewer, truncated: true },
      { ...short, truncated: true },
    ),
  };
}
