import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { STAGES } from '../../core/decision.ts';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { NOW_MS } from '../gates/judged-world.ts';

const facts = z.record(z.string(), z.unknown());
const size = z.union([z.int().min(0), facts]);
const text = z.string().min(1);
const saw = z.record(z.string(), z.number().nullable());

const action = {
  actor: text,
  kind: text,
  stage: z.enum(STAGES).optional(),
  from: size.optional(),
  to: size.optional(),
  blastRadius: facts.optional(),
  planGeneration: text.optional(),
  /** What the actor says it saw just now. */
  saw: saw.optional(),
};

/** What was known, where it is not that all is well. */
const known = {
  /** As in the tests of a constraint file. */
  given: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])).default({}),
  /** Allowed before, in this order. */
  earlier: z.array(z.strictObject({ agoS: z.number().positive(), ...action })).default([]),
  /** Of whatever was repaired before. */
  effect: z.enum(['better', 'not-better', 'unknown']).optional(),
  health: z.strictObject({ known: z.int(), unhealthy: z.int() }).optional(),
  use: z.strictObject({ requests: z.int() }).optional(),
  approvedBy: text.optional(),
  saw: saw.default({}),
  /** What is really sent, where the pack sends it: test/torture/end-to-end.test.ts. */
  telemetry: z.enum(['healthy', 'late', 'lossy']).optional(),
};

const incident = z.strictObject({
  title: text,
  source: text,
  happened: text,
  says: text,
  asks: z
    .array(
      z.strictObject({
        what: text,
        ...action,
        incident: z.strictObject({ decision: z.enum(['allow', 'hold', 'deny']), reason: text }),
        /** Where the request itself was at fault: what a good one says instead. */
        twin: z.strictObject(action).partial().optional(),
      }),
    )
    .min(1),
  incident: z.strictObject(known),
  twin: z.strictObject({ of: text, ...known }),
});

export type IncidentFile = z.output<typeof incident>;
export type Ask = IncidentFile['asks'][number];
export type Known = IncidentFile['incident'];
export type Action = IncidentFile['incident']['earlier'][number];

export interface IncidentCase extends IncidentFile {
  readonly name: string;
  readonly set: ConstraintSet;
  readonly constraintsPath: string;
}

/** In the order in which they happened, as far as the year in their name tells. */
function byYear(left: string, right: string): number {
  const year = (name: string) => Number(/\d{4}/.exec(name)?.[0] ?? 0);
  return year(left) - year(right) || left.localeCompare(right);
}

function readIncident(name: string): IncidentCase {
  const constraintsPath = join(import.meta.dirname, name, 'constraints.yaml');
  const { set, problems } = lintConstraints(readFileSync(constraintsPath, 'utf8'), constraintsPath, NOW_MS);
  if (set === null) throw new Error(`${name}: ${JSON.stringify(problems)}`);
  const read = incident.safeParse(
    parse(readFileSync(join(import.meta.dirname, name, 'incident.yaml'), 'utf8')),
  );
  if (!read.success) throw new Error(`${name}: ${z.prettifyError(read.error)}`);
  return { ...read.data, name, set, constraintsPath };
}

/** Every folder beside this file. @throws Error naming the folder whose files cannot be read */
export function readIncidents(): IncidentCase[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort(byYear)
    .map(readIncident);
}
