import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { answerVectors } from '../sampling/answer-vectors.ts';
import { atLeast, type Score } from './score.ts';

interface Case {
  readonly id: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

/** Adjusted counts are told to so many digits. */
const PRECISION = 1e-9;

/** Share of the cases and stages of a file of vectors whose every expected member is answered. */
export async function scoreVectors(path: string): Promise<Score[]> {
  const text = await readFile(path, 'utf8');
  const { cases, stages = [] } = JSON.parse(text) as { cases: Case[]; stages?: Case[] };
  const answers = answerVectors(text) as Record<string, Record<string, unknown>>;
  const all = [...cases, ...stages];
  const right = all.filter(({ id, expected }) =>
    Object.entries(expected).every(([name, value]) => isSame(answers[id]?.[name], value)),
  );
  return [atLeast(`sampling vectors answered, of ${all.length}`, 1, right.length / all.length)];
}

function isSame(answer: unknown, expected: unknown): boolean {
  if (typeof answer === 'number' && typeof expected === 'number') {
    return Math.abs(answer - expected) <= PRECISION * Math.abs(expected);
  }
  return isDeepStrictEqual(answer, expected);
}
