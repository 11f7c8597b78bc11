import type { ActionRecord } from './action-record.ts';
import { recogniseDeployment } from './deployment-marker.ts';
import { recogniseOwnEvent } from './own-event.ts';
import { recogniseAudit } from './recognise-audit.ts';
import { recogniseEvent } from './recognise-event.ts';
import type { RecognisedAction } from './recognised-action.ts';

/** What a log record says that an automation, or a person by hand, did; null where it says nothing of the kind. */
export function recogniseAction(record: ActionRecord): RecognisedAction | null {
  return (
    recogniseOwnEvent(record) ??
    recogniseDeployment(record) ??
    recogniseEvent(record) ??
    recogniseAudit(record)
  );
}
