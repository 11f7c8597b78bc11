import type { RecordedAction } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';

/** What one actor did to one service since the accepted period. */
export interface ActorAtWork {
  readonly actor: string;
  readonly service: string;
  /** In order of time, at least one. */
  readonly actions: readonly RecordedAction[];
}

export function actorsAtWork({ history, accepted }: SystemView): ActorAtWork[] {
  const found = new Map<string, RecordedAction[]>();
  for (const action of history.actions) {
    if (action.minute < accepted.untilMinute) continue;
    const key = `${action.actor}\u001f${action.service}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [action]);
    else known.push(action);
  }
  return [...found.values()].map((actions) => {
    const first = actions[0] as RecordedAction;
    return {
      actor: first.actor,
      service: first.service,
      actions: actions.sort((a, b) => a.minute - b.minute),
    };
  });
}
