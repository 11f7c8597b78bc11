import type { Decision, DecisionRequest } from '../../core/decision.ts';
import { PipelineError } from '../../core/errors.ts';
import { matchGlob } from '../../core/glob.ts';
import { stageOf } from '../../gates/fail-modes.ts';
import type { Gate } from '../../gates/gate.ts';

const KIND_SHOWN = 80;

/** Known is what the table of fail modes describes, or a constraint set in force says what to do about. */
function isKnown(kind: string, gate: Gate): boolean {
  if (stageOf(kind) !== null) return true;
  const written = gate.effective().flatMap(({ failureTolerance }) => Object.keys(failureTolerance.kinds));
  return written.some((glob) => matchGlob(glob, kind));
}

/**
 * Asks for somebody who speaks another protocol. Its words become our kinds by rules or by what a person wrote into a
 * foreign file, where a slip is easy: an action that nobody described gets no answer, however good the data is.
 * @throws PipelineError request_invalid, ledger_unwritable, draining
 */
export async function askGate(gate: Gate, request: DecisionRequest): Promise<Decision> {
  const { kind } = request.action;
  if (/^[a-z0-9_.-]+$/.test(kind) && !isKnown(kind, gate)) {
    throw new PipelineError(
      'request_invalid',
      `No action "${kind.slice(0, KIND_SHOWN)}" is described: use one of the kinds of docs/adapters.md, or name it under failureTolerance of a constraint file.`,
    );
  }
  return gate.ask(request);
}
