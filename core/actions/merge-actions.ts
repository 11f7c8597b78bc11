import { RANKS, type RecognisedAction } from './recognised-action.ts';

/** One act is told within this time by all who tell it: their clocks, and an API server between them. */
const TOLD_WITHIN_MS = 300_000;

type Act = { action: RecognisedAction; readonly ranks: Set<RecognisedAction['rank']> };

/**
 * Acts in order of time: each once, however often it was sent and whoever tells of it. Of one act that several tell the
 * one who knows best is heard: who says it of himself, then a controller, then the API server.
 */
export function mergeActions(recognised: readonly RecognisedAction[]): RecognisedAction[] {
  const byKey = new Map<string, RecognisedAction>();
  for (const action of recognised) {
    const known = byKey.get(action.key);
    if (known === undefined || action.timeMs < known.timeMs) byKey.set(action.key, action);
  }
  const byTarget = Map.groupBy(byKey.values(), ({ target }) => target);
  return [...byTarget.values()]
    .flatMap((actions) => withDirections(mergeTold(actions)))
    .sort((a, b) => a.timeMs - b.timeMs || (a.key < b.key ? -1 : 1));
}

function mergeTold(actions: readonly RecognisedAction[]): RecognisedAction[] {
  const order = [...actions].sort(
    (a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || a.timeMs - b.timeMs,
  );
  const acts = new Map<string, Act[]>();
  for (const action of order) {
    const slot = Math.floor(action.timeMs / TOLD_WITHIN_MS);
    const keyOf = (at: number) => `${action.kind.split('.')[0]}|${at}`;
    const near = [slot - 1, slot, slot + 1].flatMap((at) => acts.get(keyOf(at)) ?? []);
    const same = actToldBy(action, near);
    if (same === null) {
      const act: Act = { action, ranks: new Set([action.rank]) };
      acts.set(keyOf(slot), [...(acts.get(keyOf(slot)) ?? []), act]);
    } else {
      same.ranks.add(action.rank);
      same.action = { ...same.action, to: same.action.to ?? action.to };
    }
  }
  return [...acts.values()].flat().map(({ action }) => action);
}

/** Who tells twice tells of two acts. Without a target, nothing says that two tell of the same. */
function actToldBy({ target, rank, timeMs, to }: RecognisedAction, acts: readonly Act[]): Act | null {
  if (target === '') return null;
  let nearest: Act | null = null;
  let nearestMs = TOLD_WITHIN_MS + 1;
  for (const act of acts) {
    const apartMs = Math.abs(act.action.timeMs - timeMs);
    const isCompatible = to === null || act.action.to === null || act.action.to === to;
    if (apartMs >= nearestMs || act.ranks.has(rank) || !isCompatible) continue;
    nearest = act;
    nearestMs = apartMs;
  }
  return nearest;
}

/** Who tells only the new size is understood by the size before it. */
function withDirections(actions: readonly RecognisedAction[]): RecognisedAction[] {
  let last: number | null = null;
  return [...actions]
    .sort((a, b) => a.timeMs - b.timeMs)
    .map((action) => {
      if (!/^scale(\.|$)/.test(action.kind) || action.to === null) return action;
      const before = last;
      last = action.to;
      if (action.kind !== 'scale' || before === null || before === action.to) return action;
      return { ...action, kind: action.to > before ? 'scale.up' : 'scale.down' };
    });
}
