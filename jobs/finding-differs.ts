import type { Finding } from '../core/finding.ts';

/** An effect that moved by less than this part of itself is the same effect. */
const MOVED_RATIO = 0.1;

/** Is there something in the newer one that people should read? */
export function findingDiffers(last: Finding, next: Finding): boolean {
  if (last.id !== next.id) return true;
  const codes = (finding: Finding) => finding.reasons.map((reason) => reason.code).join();
  if (last.state !== next.state || codes(last) !== codes(next)) return true;
  const moved = Math.abs(next.effect.ratio - last.effect.ratio);
  return moved > MOVED_RATIO * Math.abs(last.effect.ratio);
}
