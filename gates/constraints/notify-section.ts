import { z } from 'zod';
import { FINDING_KINDS } from '../../core/finding.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { ConstraintFile } from './constraint-set.ts';
import * as values from './constraint-values.ts';
import { type Mismatch, mismatch } from './mismatch.ts';

/** Whom to tell of what: `intent:ok-rate`, `boundary:*`, `drift:*`, `policy:…`, `source:…`. */
export const notify = z.strictObject({
  page: values.subjects.optional(),
  ticket: values.subjects.optional(),
  /** More than so many in twelve hours go into the digest. */
  maxPagesPerShift: z.int().min(0).optional(),
  /** When the rest is told, by the clock of UTC. */
  digest: values.clockTime.optional(),
});

const BOUNDARIES = ['replicas', 'regions', 'inRotation', 'ceilings', 'actors', 'emptyTargetSet'];

/** A subject that nothing bears would never be told; who is told of what is kept, and only the webhook is told so far. */
export function checkNotify({ notify: written, sources, intent, policies }: ConstraintFile): Mismatch[] {
  if (written === undefined) return [];
  const known: Readonly<Record<string, readonly string[]>> = {
    intent: intent.map(({ id }) => id),
    boundary: BOUNDARIES,
    drift: FINDING_KINDS,
    policy: policies.map(({ id }) => id),
    source: sources.map(({ id }) => id),
  };
  const unknown = (['page', 'ticket'] as const).flatMap((channel) =>
    (written[channel] ?? []).flatMap(({ of, name }): Mismatch[] => {
      const names = known[of] ?? [];
      if (name === '*' || names.includes(name)) return [];
      const nearest = nearestName(name, names);
      const hint =
        nearest === null ? `known: ${names.join(', ') || 'none'}, or *` : `did you mean ${of}:${nearest}?`;
      return [mismatch(['notify', channel], `there is no ${of} "${name}" to tell of`, hint)];
    }),
  );
  if (unknown.length > 0) return unknown;
  const message = 'this is read and not acted on yet: reports go to the webhook, whatever is written here';
  const hint = 'set PLUMBLINE_WEBHOOK_URL, and route there';
  return [{ path: ['notify'], atKey: true, message, hint, severity: 'warning' }];
}
