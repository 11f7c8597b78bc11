import type { Draw } from '../../eval/traffic/draw.ts';
import { type DrawnTrace, hex, type Kept, keeps, randomnessOf, type StreamShape } from './stream-of.ts';

/** UUIDv7: a date, a version and a variant, and 74 random bits. */
function uuidV7(draw: Draw, index: number): string {
  const date = (0x19_0000_0000 + index).toString(16).padStart(12, '0');
  const variant = (8 + Math.floor(draw.uniform() * 4)).toString(16);
  return `${date}7${hex(draw, 3)}${variant}${hex(draw, 15)}`;
}

const random = (draw: Draw) => hex(draw, 32);

function consistent(thresholdOf: (span: Kept['span'], minute: number) => string) {
  return ({ traceId, minute, spans }: DrawnTrace): Kept[] =>
    spans
      .map((span) => ({ span, threshold: thresholdOf(span, minute) }))
      .filter(({ threshold }) => keeps(randomnessOf(traceId), threshold))
      .map(({ span, threshold }) => ({ span, traceState: `ot=th:${threshold}` }));
}

/** Sizes for about so many spans of the smallest service, at the share that is kept. */
function shape(of: {
  readonly ratio: number;
  readonly scale: number;
  readonly keep: StreamShape['keep'];
  readonly traceId?: StreamShape['traceId'];
}): StreamShape {
  const { ratio, scale, ...rest } = of;
  return { traces: Math.round((scale * 100) / ratio), minutes: 12, traceId: random, ...rest };
}

export interface NamedShape {
  readonly name: string;
  readonly of: (scale: number) => StreamShape;
  /** c1, c2, c3, c4, c5, c7, c8, c9 with enough spans. */
  readonly expect: string;
}

const lowestHalf = (traceId: string) => Number.parseInt(traceId.slice(16, 24), 16) / 2 ** 32;

/** Nothing is wrong with these; what they lack (weights) is unusable, and no fault of counts or shapes. */
export const SOUND_SHAPES: readonly NamedShape[] = [
  {
    name: 'a quarter, UUIDv7',
    of: (scale) => shape({ ratio: 0.25, scale, traceId: uuidV7, keep: consistent(() => 'c') }),
    expect: 'PPPPPPPP',
  },
  {
    name: 'one in twenty',
    of: (scale) => shape({ ratio: 0.05, scale, keep: consistent(() => 'f333') }),
    expect: 'PPPPPPPP',
  },
  {
    name: 'everything',
    of: (scale) => shape({ ratio: 1, scale, keep: consistent(() => '0') }),
    expect: 'PPPPPPPP',
  },
  {
    name: 'another declared rate every minute',
    of: (scale) =>
      shape({
        ratio: 0.15,
        scale,
        keep: consistent((_, minute) => ['c', 'e', 'e666', 'd', 'f', 'd8'][minute % 6] as string),
      }),
    expect: 'PPPPPPPP',
  },
  {
    name: 'parents rarer than their children',
    of: (scale) =>
      shape({ ratio: 0.1, scale, keep: consistent(({ service }) => (service === 'front' ? 'f' : 'c')) }),
    expect: 'PPPPPPPP',
  },
];

export const FAULTY_SHAPES: readonly NamedShape[] = [
  {
    name: 'an old ratio sampler, no thresholds',
    of: (scale) =>
      shape({
        ratio: 0.2,
        scale,
        keep: ({ traceId, spans }) =>
          lowestHalf(traceId) < 0.2 ? spans.map((span) => ({ span, traceState: '' })) : [],
      }),
    expect: '--UPPPPF',
  },
  {
    name: 'a fifth of stock is lost from minute 7 on',
    of: (scale) => {
      const all = consistent(() => 'c');
      return shape({
        ratio: 0.25,
        scale,
        keep: (trace, draw) =>
          all(trace).filter(({ span }) => span.service !== 'stock' || trace.minute < 7 || !draw.happens(0.2)),
      });
    },
    expect: 'PPFFPPFP',
  },
  {
    name: 'replicas of a tail sampler decide span by span',
    of: (scale) =>
      shape({
        ratio: 0.3,
        scale,
        keep: ({ spans }, draw) =>
          spans.filter(() => draw.happens(0.3)).map((span) => ({ span, traceState: '' })),
      }),
    expect: '--UFPPPF',
  },
  {
    name: 'errors are lost after sampling',
    of: (scale) => {
      const all = consistent(() => '8');
      return shape({ ratio: 0.5, scale, keep: (trace) => all(trace).filter(({ span }) => !span.isError) });
    },
    expect: 'PPFFFPPP',
  },
];
