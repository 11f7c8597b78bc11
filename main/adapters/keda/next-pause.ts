import { rfc3339 } from '../../../core/time.ts';

/** KEDA's own switch: with it the HPA may grow the workload, and never shrink it. */
export const PAUSED = 'autoscaling.keda.sh/paused-scale-in';
const BY = 'plumbline.dev/paused-by';
const UNTIL = 'plumbline.dev/paused-until';
const WHY = 'plumbline.dev/paused-why';
const WHY_LENGTH_MAX = 300;

export type Annotations = Readonly<Record<string, string>>;
/** As a merge patch has it: null takes away. */
export type AnnotationChange = Readonly<Record<string, string | null>>;

const OFF: AnnotationChange = { [PAUSED]: null, [BY]: null, [UNTIL]: null, [WHY]: null };
const FORGET: AnnotationChange = { [BY]: null, [UNTIL]: null, [WHY]: null };

export interface PauseRule {
  /** Pauses of another owner, and those of people, are not touched. */
  readonly owner: string;
  readonly ttlMs: number;
}

/**
 * What to change on a ScaledObject; null: nothing. A pause is renewed as long as scaling down is not allowed.
 * @param why scaling down is not allowed; null when it is
 */
export function nextPause(
  annotations: Annotations,
  { why, nowMs }: { why: string | null; nowMs: number },
  { owner, ttlMs }: PauseRule,
): AnnotationChange | null {
  const by = annotations[BY];
  const isOurs = by === owner;
  const isPaused = annotations[PAUSED] !== undefined;
  // Whatever stands there without our name is somebody's decision; so is the pause of another owner.
  if (by === undefined ? isPaused : !isOurs) return null;
  if (why === null) return isOurs ? takeOff(annotations) : null;
  const leftMs = Date.parse(annotations[UNTIL] ?? '') - nowMs;
  // Somebody took our pause off, or turned it around: that counts until it would have ended.
  if (isOurs && annotations[PAUSED] !== 'true' && leftMs > 0) return null;
  if (isOurs && isPaused && annotations[PAUSED] !== 'true') return FORGET;
  if (isOurs && leftMs > ttlMs / 2) return null;
  return {
    [PAUSED]: 'true',
    [BY]: owner,
    [UNTIL]: rfc3339(nowMs + ttlMs),
    [WHY]: why.slice(0, WHY_LENGTH_MAX),
  };
}

/** Only our own: a value that we did not write stays. */
export function takeOff(annotations: Annotations): AnnotationChange {
  return annotations[PAUSED] === 'true' ? OFF : FORGET;
}

export function isPausedBy(annotations: Annotations, owner: string): boolean {
  return annotations[BY] === owner;
}
