import { judgeStream, worstLetters } from '../../eval/sampling/judge-stream.ts';
import { judgeStreamsLive, type LiveSystem } from '../../eval/sampling/judge-streams-live.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { streamOf } from './stream-of.ts';
import type { NamedShape } from './stream-shapes.ts';

const SLOW_MS = 500;
const POLICY = { ...SAMPLING_POLICY, tolerance: 0 };

/** Letters of the checks of each stream, by plain code and by what was stored of it. */
export async function lettersBothWays(
  system: LiveSystem,
  shapes: readonly NamedShape[],
  { scale, minutes }: { readonly scale: number; readonly minutes: number },
): Promise<{ readonly direct: Record<string, string>; readonly live: Record<string, string> }> {
  const streams = shapes.map(({ name, of }, index) => {
    // Seeds of their own: spans of the same ids would be copies of each other.
    const stream = streamOf(name, { ...of(scale), minutes }, drawFrom(index + 1));
    return { ...stream, spans: [...stream.spans, ...stream.spans.slice(0, 50)] };
  });
  const live = await judgeStreamsLive(system, streams, { slowMs: SLOW_MS, policy: POLICY });
  const options = { slowMs: SLOW_MS, isSamePopulation: true } as const;
  return {
    direct: Object.fromEntries(
      streams.map((stream) => [stream.name, textOf([...judgeStream(stream, options, POLICY).values()])]),
    ),
    live: Object.fromEntries(
      live.map(({ name, services }) => [name, textOf([...services.values()].map(({ checks }) => checks))]),
    ),
  };
}

function textOf(checks: Parameters<typeof worstLetters>[0]): string {
  return Object.values(worstLetters(checks)).join('');
}
