import type { Decision } from '../../core/decision.ts';

const LINE_LENGTH_MAX = 500;

/** A decision in one line, for events and logs of others: what, why, and when to come back. */
export function decisionLine(decision: Decision): string {
  const { retryAfterS, reasons } = decision;
  const blocking = reasons.filter(({ severity }) => severity === 'blocking');
  const why = (blocking.length > 0 ? blocking : reasons).map(({ text }) => text).join(' ');
  const again = retryAfterS === null ? '' : ` Retry in ${retryAfterS} s.`;
  const line = `${decision.decision}: ${why.replaceAll(/\s+/g, ' ')}`;
  const room = LINE_LENGTH_MAX - again.length;
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${again}`;
}
