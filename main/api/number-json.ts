import { z } from 'zod';

/** JSON has no NaN and no infinity: what is not finite is unknown, and unknown is null. */
export const numberJson = z.number().nullable();

export function toNumberJson(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
