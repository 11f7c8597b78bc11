import { type ActionRecord, serviceOf } from './action-record.ts';
import { numberOf } from './json-fields.ts';
import type { RecognisedAction } from './recognised-action.ts';

const NAME = 'automation.action';

/** What an automation says of itself: `automation.action` of docs/drift.md. */
export function recogniseOwnEvent(record: ActionRecord): RecognisedAction | null {
  const { attributes, timeMs } = record;
  if (nameOf(record) !== NAME) return null;
  const actor = attributes['automation.actor'] ?? '';
  const kind = attributes['automation.action.kind'] ?? '';
  if (actor === '' || kind === '') return null;
  const target = attributes['automation.target.service'] || (serviceOf(record) ?? '');
  const to = numberOf(attributes['automation.action.to']);
  const id = attributes['automation.action.id'] || `${timeMs}|${target}|${kind}|${to}`;
  return {
    timeMs,
    actor,
    target,
    kind,
    to,
    decisionId: attributes['automation.decision.id'] || null,
    key: `own|${actor}|${id}`,
    rank: 'own',
    isPerson: false,
  };
}

/** The event's name, where older pipelines put it too. */
export function nameOf({ eventName, attributes }: ActionRecord): string {
  return eventName || (attributes['event.name'] ?? '');
}
