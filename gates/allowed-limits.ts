import { matchGlob } from '../core/glob.ts';
import { replicaLimits } from './boundaries.ts';
import { type Question, replicaCount } from './question.ts';

/**
 * What an allow is bounded by: the replicas that the sets leave, and on unknown data the cap of the fail mode.
 * A cap on a size nobody told stays a ratio: `{maxIncreaseRatio: 0.5}`.
 */
export function allowedLimits(
  question: Question,
  { capRatio }: { capRatio: number | null },
): Readonly<Record<string, unknown>> {
  const from = replicaCount(question, 'from');
  const to = replicaCount(question, 'to');
  const isAboutReplicas = to !== null || from !== null || matchGlob('scale.*', question.kind);
  const { min, max } = isAboutReplicas
    ? replicaLimits(question.sets)
    : { min: 0, max: Number.POSITIVE_INFINITY };
  // Rounded up, and at least one more: half of one replica must not mean none.
  const capped =
    capRatio === null || from === null
      ? max
      : Math.min(max, Math.max(from + 1, Math.ceil(from * (1 + capRatio))));
  // Of what shrinks the cap bounds the shrinking.
  const least =
    capRatio === null || from === null || to === null || to >= from
      ? min
      : Math.max(min, Math.ceil(from * (1 - capRatio)));
  return {
    ...(Number.isFinite(capped) ? { maxTo: { replicas: capped } } : {}),
    ...(least > 0 ? { minTo: { replicas: least } } : {}),
    ...(capRatio === null ? {} : { maxIncreaseRatio: capRatio }),
  };
}
