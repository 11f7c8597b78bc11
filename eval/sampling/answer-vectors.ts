import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { readSamplingMarks } from '../../core/sampling/read-sampling-marks.ts';
import { runStage } from './run-stage.ts';

const header = { id: z.string(), tracestate: z.string(), traceId: z.string() };
const vectors = z.object({
  cases: z.array(z.object({ ...header, flags: z.int().min(0) })).default([]),
  stages: z
    .array(
      z.object({
        ...header,
        mode: z.enum(['equalizing', 'proportional']),
        percent: z.number(),
        precision: z.int().min(1).max(14),
      }),
    )
    .default([]),
});

/**
 * One answer per case and stage of a file of vectors, by id, in the words of the vectors.
 * @throws PipelineError request_invalid
 */
export function answerVectors(text: string): Record<string, object> {
  const { cases, stages } = parse(text);
  return Object.fromEntries([
    ...cases.map(({ id, tracestate, traceId, flags }) => [
      id,
      answerCase({ traceState: tracestate, traceId, flags }),
    ]),
    ...stages.map((stage) => [stage.id, runStage(stage)]),
  ]);
}

function parse(text: string): z.infer<typeof vectors> {
  try {
    return vectors.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new PipelineError('request_invalid', `This is no file of sampling vectors: ${why}`, {}, cause);
  }
}

function answerCase(header: Parameters<typeof readSamplingMarks>[0]): object {
  const marks = readSamplingMarks(header);
  return {
    valid: marks.isValid,
    threshold: marks.threshold,
    th_canonical: marks.thresholdCanonical,
    randomness: marks.randomness,
    randomness_source: marks.randomnessSource,
    randomness_presumed: marks.isPresumed,
    sampled_consistent: marks.isConsistent,
    flag_consistent: marks.flagAgrees,
    adjusted_count: marks.adjustedCount,
    adjusted_count_denominator:
      marks.adjustedCount === null ? null : String(2n ** 56n - BigInt(`0x${marks.threshold}`)),
    ...(marks.error === null ? {} : { error: marks.error }),
  };
}
