import { z } from 'zod';
import { FINDING_KINDS } from '../../core/finding.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { ConstraintFile } from './constraint-set.ts';
import * as values from './constraint-values.ts';
import { type Mismatch, mismatch } from './mismatch.ts';

/** What to tell on-call at once, and what of it: `intent:ok-rate`, `boundary:*`, `drift:*`, `policy:…`, `source:…`. */
export const notify = z.strictObject({
  /** Told at once, as far as the budget goes; where this is written, nothing else is. */
  page: values.subjects.optional(),
  /** Told in the digest. */
  ticket: values.subjects.optional(),
  /** More than so many in twelve hours go into the digest. */
  maxPagesPerShift: z.int().min(0).optional(),
  /** More than so many in seven days go into the digest. */
  maxPagesPerWeek: z.int().min(0).optional(),
  /** When the rest is told, by the clock of UTC. */
  digest: values.clockTime.optional(),
});

const BOUNDARIES = ['replicas', 'regions', 'inRotation', 'ceilings', 'actors', 'emptyTargetSet'];

/** What the gate answers by; reports are of data and of findings. */
const OF_NO_REPORT = ['boundary', 'policy'];

/** A subject that nothing bears would never be told. */
export function checkNotify({ notify: written, sources, intent, policies }: ConstraintFile): Mismatch[] {
  if (written === undefined) return [];
  const known: Readonly<Record<string, readonly string[]>> = {
    intent: intent.map(({ id }) => id),
    boundary: BOUNDARIES,
    drift: FINDING_KINDS,
    policy: policies.map(({ id }) => id),
    source: sources.map(({ id }) => id),
  };
  return (['page', 'ticket'] as const).flatMap((channel) =>
    (written[channel] ?? []).flatMap(({ of, name }): Mismatch[] => {
      const names = known[of] ?? [];
      if (name !== '*' && !names.includes(name)) return [unknownSubject(channel, { of, name, names })];
      if (!OF_NO_REPORT.includes(of)) return [];
      const message = `no report speaks of a ${of} so far, so nobody is told of ${of}:${name}`;
      const hint =
        'whoever asks hears it from the gate; drift:overdue-hold tells of what is held for too long';
      return [{ path: ['notify', channel], message, hint, severity: 'warning' }];
    }),
  );
}

function unknownSubject(
  channel: 'page' | 'ticket',
  { of, name, names }: { of: string; name: string; names: readonly string[] },
): Mismatch {
  const nearest = nearestName(name, names);
  const hint =
    nearest === null ? `known: ${names.join(', ') || 'none'}, or *` : `did you mean ${of}:${nearest}?`;
  return mismatch(['notify', channel], `there is no ${of} "${name}" to tell of`, hint);
}
