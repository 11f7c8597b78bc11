import { z } from 'zod';

/** `limit` of a list: 100 unless given, 1,000 at most. */
export const limitQuery = z.coerce.number().int().min(1).max(1_000).default(100);
