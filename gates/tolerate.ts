import { rfc3339 } from '../core/time.ts';
import type { Tolerated } from './constraints/tolerance-sections.ts';
import { builtInFailMode, isAbout, stageOf } from './fail-modes.ts';
import type { Question } from './question.ts';
import type { RequiredData } from './required-data.ts';

/** That people can do without something for a while. */
export interface Tolerance {
  readonly asIf: Tolerated['asIf'];
  readonly constraint: string;
  readonly untilMs: number;
  readonly text: string;
}

function isLost({ lose }: Tolerated, { component, need }: RequiredData): boolean {
  if (need === null) return false;
  if (lose.what === 'source') return lose.name === need.signal || need.constraint.endsWith(`/${lose.name}`);
  return need.dimension === 'completeness' && component.upper !== null && component.upper <= lose.ratio;
}

function cannotUndo({ kind }: Question): boolean {
  return builtInFailMode({ kind, stage: stageOf(kind) }).unknown === 'deny';
}

/** Marks what people wrote that may be lost for so long: it counts as if it passed, and the answer says so. */
export function tolerate(question: Question, data: readonly RequiredData[], nowMs: number): RequiredData[] {
  const rows = question.sets.flatMap(({ metadata, failureTolerance }) =>
    failureTolerance.tolerate.map((row) => ({ ...row, set: metadata.name })),
  );
  if (rows.length === 0) return [...data];
  return data.map((part): RequiredData => {
    const { component, sinceMs } = part;
    // What never was there was not lost.
    if (component.state === 'pass' || sinceMs === null) return part;
    const row = rows.find(
      (candidate) =>
        isLost(candidate, part) &&
        nowMs - sinceMs <= candidate.for &&
        !isAbout(candidate.except, question) &&
        (candidate.asIf === 'ok' || !cannotUndo(question)),
    );
    if (row === undefined) return part;
    const untilMs = sinceMs + row.for;
    const lost = row.lose.what === 'source' ? row.lose.name : row.lose.text;
    const text = `${row.set} does without ${lost} until ${rfc3339(untilMs)}: the ${component.dimension} of ${component.source} is ${component.state} since ${rfc3339(sinceMs)}.`;
    return {
      ...part,
      tolerated: { asIf: row.asIf, constraint: `${row.set}/failureTolerance.tolerate`, untilMs, text },
    };
  });
}
