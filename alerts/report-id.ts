import { createHash } from 'node:crypto';

/**
 * The id of the one report about a subject: the same from open to close, on every replica, and safe as the name
 * of a file and as a queue's job id. 64 bits: two of a million subjects share one with odds of 1 to 30 million.
 */
export function reportId(subjectId: string): string {
  return `r_${createHash('sha256').update(subjectId).digest('hex').slice(0, 16)}`;
}
