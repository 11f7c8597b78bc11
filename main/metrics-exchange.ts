import { PipelineError } from '../core/errors.ts';
import type { FromRole, ToRole } from './role-message.ts';

/** Longer than the supervisor waits for slow roles. */
const ANSWER_WAIT_MS = 3_000;

type AllMetrics = Extract<ToRole, { kind: 'all-metrics' }>;

const waiting = new Map<number, (text: string) => void>();
let lastId = 0;

/** The supervisor's answer to an earlier `collectMetrics`. */
export function answerAllMetrics(message: AllMetrics): void {
  waiting.get(message.id)?.(message.text);
  waiting.delete(message.id);
}

/**
 * The metrics of every role's process, merged, in Prometheus' text format; for the process of the api role.
 * @throws PipelineError overloaded, when the supervisor does not answer within 3 s
 */
export function collectMetrics(): Promise<string> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(id);
      const text = `The metrics could not be collected: the supervisor did not answer within ${ANSWER_WAIT_MS} ms.`;
      reject(new PipelineError('overloaded', text));
    }, ANSWER_WAIT_MS);
    waiting.set(id, (text) => {
      clearTimeout(timer);
      resolve(text);
    });
    const wanted: FromRole = { kind: 'all-metrics-wanted', id };
    process.send?.(wanted, undefined, undefined, () => {});
  });
}
