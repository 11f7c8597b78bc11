import type { SamplerFamily } from '../../core/sampling/sampling-window.ts';

const WORD = 2 ** 32;
const DATADOG_FACTOR = 1_111_111_111_111_111_111n;

/** u of a trace id under each family of old ratio samplers, in [0, 1). */
export function idFamilies(traceId: string): Record<SamplerFamily, number> {
  const [w0, w1, w2, w3] = [0, 8, 16, 24].map((at) => Number.parseInt(traceId.slice(at, at + 8), 16)) as [
    number,
    number,
    number,
    number,
  ];
  const low64 = fraction(w2, w3);
  const hashed = BigInt.asUintN(64, BigInt(`0x${traceId.slice(16)}`) * DATADOG_FACTOR);
  return {
    low64,
    'signed-low64': low64 >= 0.5 ? 2 * (1 - low64) : 2 * low64,
    first8: (2 * fraction(w0, w1)) % 1,
    xor32: ((w0 ^ w1 ^ w2 ^ w3) >>> 0) / WORD,
    datadog: Number(hashed) / 2 ** 64,
  };
}

function fraction(high: number, low: number): number {
  return (high + low / WORD) / WORD;
}
