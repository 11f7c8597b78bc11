import { type ActionRecord, serviceOf } from './action-record.ts';
import { deploymentMarker } from './deployment-marker.ts';
import { nameOf } from './own-event.ts';

const NAME = 'change.recorded';

export interface RecognisedChange {
  readonly timeMs: number;
  readonly service: string;
  readonly summary: string;
  readonly expects: string | null;
  /** Records with the same key are one. */
  readonly key: string;
}

/** A change that a person's pipeline recorded: `change.recorded` of docs/drift.md, or a release that went out. */
export function recogniseChange(record: ActionRecord): RecognisedChange | null {
  const { attributes, timeMs } = record;
  const marker = deploymentMarker(record);
  if (marker !== null) {
    const { service, name, id } = marker;
    return {
      timeMs,
      service,
      summary: `deployment ${name}`,
      expects: null,
      key: `deployment|${service}|${id}`,
    };
  }
  if (nameOf(record) !== NAME) return null;
  const summary = attributes['change.summary'] ?? '';
  const service = attributes['change.target.service'] || serviceOf(record);
  if (summary === '' || !service) return null;
  const id = attributes['change.id'] || `${timeMs}|${summary}`;
  return {
    timeMs,
    service,
    summary,
    expects: attributes['change.expects'] || null,
    key: `change|${service}|${id}`,
  };
}
