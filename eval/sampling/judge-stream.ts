import type { ClassOptions } from '../../validators/sampling/check-classes.ts';
import { checkSource, type SourceChecks } from '../../validators/sampling/check-source.ts';
import type { CheckId, SamplingOutcome, SamplingPolicy } from '../../validators/sampling/sampling-check.ts';
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

/** Columns of the table of faults (sampling.md section 5); the others need more than a stream holds. */
const TABLE = ['c1', 'c2', 'c3', 'c4', 'c5', 'c7', 'c8', 'c9'] as const satisfies readonly CheckId[];

type Letters = Readonly<Record<(typeof TABLE)[number], Letter>>;

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
    TABLE.map((id) => {
      const letters = new Set(checks.map((of) => LETTERS[of[id].outcome]));
      return [id, WORST_FIRST.find((letter) => letters.has(letter)) ?? '-'];
    }),
  ) as Letters;
}
