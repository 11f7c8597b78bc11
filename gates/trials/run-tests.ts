import type { DecisionOutcome, DecisionReason, DecisionRequest } from '../../core/decision.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import type { InlineTest } from '../constraints/test-section.ts';
import { decide } from '../decide.ts';
import { parseDecisionRequest } from '../decision-request.ts';
import { givenWorld } from './given-world.ts';

export interface TestResult {
  readonly file: string;
  readonly set: string;
  readonly name: string;
  readonly isPassed: boolean;
  readonly expected: InlineTest['expect'];
  /** null when the question could not be asked at all: `fault` says why. */
  readonly decision: DecisionOutcome | null;
  readonly reasons: readonly DecisionReason[];
  readonly fault: string | null;
}

function sizeOf(size: InlineTest['ask']['to']): Readonly<Record<string, unknown>> | undefined {
  return typeof size === 'number' ? { replicas: size } : size;
}

/** Somebody who may act: tests are about something else, unless they name an actor. */
function actorOf({ boundaries }: ConstraintSet): string {
  return boundaries.actors?.allow?.[0]?.replaceAll('*', 'test') ?? 'test/actor';
}

function requestOf(set: ConstraintSet, { ask }: InlineTest): DecisionRequest {
  const { kind, from, to, stage, actor, actorType, reversible, blastRadius, planGeneration, target } = ask;
  const { service, env, namespace } = set.scope;
  const scope = {
    service,
    ...(env === undefined ? {} : { env }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  return parseDecisionRequest({
    actor: { id: actor ?? actorOf(set), type: actorType },
    action: { kind, stage, from: sizeOf(from), to: sizeOf(to), reversible, blastRadius, planGeneration },
    target: { ...scope, ...target },
  });
}

function runTest(set: ConstraintSet, test: InlineTest, sets: readonly ConstraintSet[]): TestResult {
  const base = { file: set.origin.file, set: set.metadata.name, name: test.name, expected: test.expect };
  let request: DecisionRequest;
  try {
    request = requestOf(set, test);
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { ...base, isPassed: false, decision: null, reasons: [], fault };
  }
  const { decision, reasons } = decide({ request, sets, ...givenWorld(set, test.given) });
  const { reason } = test.expect;
  const isSaid = reason === undefined || reasons.some(({ code }) => code === reason);
  return { ...base, isPassed: decision === test.expect.decision && isSaid, decision, reasons, fault: null };
}

/** Every test of the sets, by the `decide` of the live gate; other sets about the same service speak too. */
export function runTests(sets: readonly ConstraintSet[]): TestResult[] {
  return sets.flatMap((set) => set.tests.map((test) => runTest(set, test, sets)));
}
