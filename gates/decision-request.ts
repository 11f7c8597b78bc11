import { z } from 'zod';
import { type DecisionRequest, STAGES } from '../core/decision.ts';
import { PipelineError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';

const TEXT_LENGTH_MAX = 512;
const text = z.string().min(1).max(TEXT_LENGTH_MAX);

/** Maps are written as objects of any names: a record of zod takes five times as long, and a question has several. */
function areNamesShort(map: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(map).every((name) => name.length <= TEXT_LENGTH_MAX);
}
const NAMES_TOO_LONG = `has a name of more than ${TEXT_LENGTH_MAX} characters`;

const facts = z
  .looseObject({})
  .refine(areNamesShort, NAMES_TOO_LONG)
  .meta({ propertyNames: { type: 'string', maxLength: TEXT_LENGTH_MAX } });

const target = z
  .object({})
  .catchall(z.string().max(TEXT_LENGTH_MAX))
  .refine((names) => Object.keys(names).length > 0, 'must not be empty: an empty target never means all')
  .refine((names) => !Object.hasOwn(names, ''), 'has an empty name')
  .refine(areNamesShort, NAMES_TOO_LONG)
  .meta({ propertyNames: { type: 'string', minLength: 1, maxLength: TEXT_LENGTH_MAX } });

/** Lower-case dotted words: `Delete` would slip past a constraint about `delete`. */
const kind = z
  .string()
  .max(TEXT_LENGTH_MAX)
  .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/, 'must be lower-case dotted words, like scale.down');

const decisionRequest = z.strictObject({
  requestId: text.optional(),
  mode: z.enum(['enforce', 'shadow']).optional(),
  actor: z.strictObject({ id: text, type: text.optional() }),
  action: z.strictObject({
    kind,
    stage: z.enum(STAGES).optional(),
    reversible: z.boolean().optional(),
    from: facts.optional(),
    to: facts.optional(),
    blastRadius: facts.optional(),
    planGeneration: text.optional(),
    objective: text.optional(),
  }),
  target,
  inputs: z.array(facts).max(100).optional(),
  needs: facts.optional(),
  /** What a second person signed, where a constraint file asks for it. */
  approval: z
    .strictObject({ by: text, keyId: text, expiresAt: z.iso.datetime({ offset: true }), signature: text })
    .optional(),
});

/** JSON Schema of the request, for the API's documentation. */
export const decisionRequestJsonSchema = z.toJSONSchema(decisionRequest, { io: 'input' });

/** The ledger hashes requests by recursion; nobody describes an action forty levels deep. */
const DEPTH_MAX = 40;

/** What the ledger has no form for; null: nothing. JSON reads 1e999 as Infinity. */
function unwritable(value: unknown, depth = 0): string | null {
  if (depth > DEPTH_MAX) return `nested deeper than ${DEPTH_MAX} levels`;
  if (typeof value === 'number' && !Number.isFinite(value))
    return 'holds a number that is too large to be one';
  if (typeof value !== 'object' || value === null) return null;
  for (const member of Object.values(value)) {
    const fault = unwritable(member, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

const KNOWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(decisionRequest.shape),
  actor: Object.keys(decisionRequest.shape.actor.shape),
  action: Object.keys(decisionRequest.shape.action.shape),
  approval: ['by', 'keyId', 'expiresAt', 'signature'],
};

function complaint(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = KNOWN_FIELDS[where] ?? [];
    const named = issue.keys.map((key) => {
      const nearest = nearestName(key.replaceAll('_', ''), known);
      return nearest === null ? `"${key}"` : `"${key}" (did you mean "${nearest}"?)`;
    });
    return `unknown field ${named.join(', ')} in ${where || 'the request'}; known: ${known.join(', ')}`;
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `${where || 'the body'} is missing`;
  return `${where || 'the body'}: ${issue.message}`;
}

/**
 * A question as it came in. Only `actor.id`, `action.kind` and a non-empty `target` are required.
 * @throws PipelineError request_invalid naming every field that is wrong
 */
export function parseDecisionRequest(body: unknown): DecisionRequest {
  const result = decisionRequest.safeParse(body);
  const complaints = result.success ? [] : result.error.issues.map(complaint);
  const fault = result.success ? unwritable(body) : null;
  if (result.success && fault === null) return result.data;
  if (fault !== null) complaints.push(fault);
  throw new PipelineError(
    'request_invalid',
    `The question cannot be judged: ${complaints.join('; ')}. Correct the request and ask again.`,
    { problemCount: complaints.length },
  );
}
