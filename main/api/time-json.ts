import { z } from 'zod';
import { rfc3339 } from '../../core/time.ts';

export const timeJson = z.iso.datetime({ precision: 3 }).describe('RFC 3339 with milliseconds, UTC.');

export function toTimeJson(timeMs: number | null): string | null {
  return timeMs === null ? null : rfc3339(timeMs);
}
