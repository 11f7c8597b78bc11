import type { ClassOptions } from '../../validators/sampling/check-classes.ts';
import { checkSource, type SourceChecks } from '../../validators/sampling/check-source.ts';
import {
  CHECK_IDS,
  type CheckId,
  type SamplingOutcome,
  type SamplingPolicy,
} from '../../validators/sampling/sampling-check.ts';
import { foldStream } from './fold-stream.ts';
import type { SamplingStream } from './sampling-stream.ts';

type Letter = 'P' | 'F' | 'U' | 'I' | '-';

const LETTERS: Readonly<Record<SamplingOutcome, Letter>> = {
  pass: 'P',
  fail: 'F',
  unverifiable: 'U',
  insufficient: 'I',
  'not-applicable': '-',
};
/** A proof is not undone by what somebody else cannot tell; of those who cannot, who never will goes first. */
const WORST_FIRST: readonly Letter[] = ['F', 'U', 'I', 'P', '-'];

type Letters = Readonly<Record<CheckId, Letter>>;

/** Checks of every service of a stream. */
export function judgeStream(
  stream: SamplingStream,
  options: ClassOptions,
  policy: SamplingPolicy,
): Map<string, SourceChecks> {
  const sources = foldStream(stream, options.slowMs);
  return new Map([...sources].map(([service, windows]) => [service, checkSource(windows, options, policy)]));
}

/** The worst of all services, check by check. */
export function worstLetters(checks: readonly SourceChecks[]): Letters {
  return Object.fromEntries(
    CHECK_IDS.map((id) => {
      const letters = new Set(checks.map((of) => LETTERS[of[id].outcome]));
      return [id, WORST_FIRST.find((letter) => letters.has(letter)) ?? '-'];
    }),
  ) as Letters;
}
