import type { AdmissionRequest } from './admission-review.ts';
import { textAt } from './field-at.ts';

const BREAK_GLASS = 'plumbline.dev/break-glass';
/** An exception that lasts for weeks is a rule nobody wrote down. */
const HOURS_MAX = 24;
/** Without its offset a time would be read in the zone of this server. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Somebody acts past the gate, openly: until when and why. Or wants to, and may not. */
export type BreakGlass =
  | { readonly isValid: true; readonly untilMs: number; readonly reason: string }
  | { readonly isValid: false; readonly problem: string };

/**
 * Reads `plumbline.dev/break-glass: "<RFC 3339 until> <reason>"` from the object as it will be, or as it is before
 * it is deleted; null without the annotation. Only people may: an automation that can excuse itself has no gate.
 */
export function readBreakGlass(
  { object, oldObject }: Pick<AdmissionRequest, 'object' | 'oldObject'>,
  { actorType, nowMs }: { actorType: string | undefined; nowMs: number },
): BreakGlass | null {
  const text = textAt(object ?? oldObject, 'metadata', 'annotations', BREAK_GLASS);
  if (text === undefined) return null;
  const [, until = '', reason = ''] = /^(\S+)\s+(\S.*)$/.exec(text.trim()) ?? [];
  const untilMs = RFC3339.test(until) ? Date.parse(until) : Number.NaN;
  const no = (problem: string): BreakGlass => ({ isValid: false, problem });
  if (Number.isNaN(untilMs) || reason === '') return no('write it as "<time it ends, RFC 3339> <reason>"');
  if (actorType !== 'human') return no('only people may use it, not service accounts');
  if (untilMs <= nowMs) return no(`it ended at ${until}`);
  if (untilMs > nowMs + HOURS_MAX * 3_600_000) return no(`it must end within ${HOURS_MAX} h`);
  return { isValid: true, untilMs, reason };
}
