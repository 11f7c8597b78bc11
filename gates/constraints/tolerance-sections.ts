import { z } from 'zod';
import * as values from './constraint-values.ts';
import { loss } from './guardrail-values.ts';

/** What an action may do while its data is unknown; `allow-capped` grows by at most `cap`. */
export const UNKNOWN_MODES = ['allow', 'allow-capped', 'hold', 'deny'] as const;
export type UnknownMode = (typeof UNKNOWN_MODES)[number];

const ofKind = z.strictObject({
  unknown: z.enum(UNKNOWN_MODES),
  cap: values.capRatio.optional(),
  /** What a client does while no gate answers. */
  gateDown: z.enum(['open', 'closed']).optional(),
  /** A hold is no older than this; then `onHoldTimeout` applies. */
  holdMax: values.duration.optional(),
  onHoldTimeout: z.enum(['page', 'deny', 'allow-capped']).optional(),
});

const tolerated = z.strictObject({
  lose: loss,
  for: values.duration,
  /** `ok`: as if nothing was lost. `degraded`: so too, but never for what cannot be undone. */
  asIf: z.enum(['ok', 'degraded']),
  except: z.array(values.kindGlob).default([]),
});

/** By kind of action, and under `tolerate` what may be lost for a while. */
export const failureTolerance = z
  .object({ tolerate: z.array(tolerated).default([]) })
  .catchall(ofKind)
  .transform(({ tolerate, ...written }, context) => {
    const kinds = written as Record<string, z.output<typeof ofKind>>;
    for (const kind of Object.keys(kinds)) {
      const checked = values.kindGlob.safeParse(kind);
      if (checked.success) continue;
      const { message } = checked.error.issues[0] as z.core.$ZodIssue;
      const params = { hint: 'write it like "scale.*"', atKey: true };
      context.addIssue({ code: 'custom', path: [kind], message, params });
    }
    return { tolerate, kinds };
  });

export type Tolerated = z.output<typeof tolerated>;
