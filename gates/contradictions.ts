import type { ConstraintSet, SourceConstraint } from './constraints/constraint-set.ts';
import { agree } from './policies/interval-logic.ts';
import type { Question } from './question.ts';
import { type RequiredData, unknownComponent } from './required-data.ts';
import { type SourceRate, sourceRate } from './source-rate.ts';

/** Two honest counts of one minute differ by what was under way at its ends. */
const TOLERANCE = 0.1;

/**
 * Sources that people call independent count the same requests by different paths. Where they surely disagree, one of
 * them is wrong and nobody knows which: unknown, whatever each says of itself. Where one of them counts nothing there is
 * nothing to hold against the other.
 */
export function contradictions(
  question: Question,
  of: {
    readonly rates: readonly SourceRate[];
    readonly nowMs: number;
    readonly isRequired: (set: ConstraintSet, source: SourceConstraint) => boolean;
  },
): RequiredData[] {
  const { target, sets } = question;
  if (target === null) return [];
  const rateOf = ({ signal }: SourceConstraint) => {
    const fact = sourceRate(of.rates, { serviceName: target.serviceName, signal, nowMs: of.nowMs });
    if ('value' in fact) return fact.value as number;
    return 'unknown' in fact && fact.unknown.includes('implausible') ? 0 : null;
  };
  return sets.flatMap((set) =>
    set.sources.flatMap((source) =>
      source.independentOf.flatMap((id) => {
        const other = set.sources.find((one) => one.id === id);
        if (other === undefined || !(of.isRequired(set, source) || of.isRequired(set, other))) return [];
        const [own, others] = [rateOf(source), rateOf(other)];
        if (own === null || others === null || agree(own, others, TOLERANCE)) return [];
        return [
          unknownComponent({
            source: `${target.serviceName} ${source.signal}`,
            dimension: 'agreement',
            required: `${source.id} and ${other.id} count the same within ${100 * TOLERANCE} %`,
            code: 'SRC_CONTRADICTS',
            text: `${source.id} counts ${own.toFixed(1)} requests/s of ${target.serviceName} and ${other.id} ${others.toFixed(1)}: one of them is wrong, and nobody knows which.`,
            constraint: `${set.metadata.name}/${source.id}`,
            wouldAllowIf: `${source.id} and ${other.id} agree`,
          }),
        ];
      }),
    ),
  );
}
