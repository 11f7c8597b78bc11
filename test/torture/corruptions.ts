import fc from 'fast-check';
import type { Verdict } from '../../core/verdict.ts';
import { RECENT_UNKNOWN } from '../../gates/recent-actions.ts';
import { verdictKey } from '../../store/verdict-rows.ts';
import { NOW_MS } from '../gates/judged-world.ts';
import { CASES } from './cases.ts';
import type { World } from './world.ts';

type Spoil = (world: World) => World;

/** What programs write where a number should be. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    -0,
    1e308,
    null,
    undefined,
    '',
    'NaN',
    [],
    {},
  ),
  fc.double(),
  fc.anything({ maxDepth: 1 }),
);
const badNumber = fc.constantFrom<number | null>(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -1e-9,
  1e308,
  null,
);

function spoilVerdict(index: number, facts: Partial<Verdict>): Spoil {
  return (world) => ({
    ...world,
    verdicts: world.verdicts.map((verdict, at) =>
      at === index % world.verdicts.length ? { ...verdict, ...facts } : verdict,
    ),
  });
}

/**
 * What a judge said of one source, all of it, newest and older: the newest speaks, and one that were aged or lost
 * alone would let an older one speak, which is another wrong and no worse one.
 */
function spoilSaying(index: number, spoil: (said: Verdict) => readonly Verdict[]): Spoil {
  return (world) => {
    const one = world.verdicts[index % world.verdicts.length];
    const isOfIt = (verdict: Verdict) => one !== undefined && verdictKey(verdict) === verdictKey(one);
    return {
      ...world,
      verdicts: world.verdicts.flatMap((said) => (isOfIt(said) ? spoil(said) : [said])),
    };
  };
}

const which = fc.nat(5);
const ofVerdict: fc.Arbitrary<Spoil> = fc.oneof(
  fc
    .tuple(which, fc.subarray(['estimate', 'lower', 'upper'] as const, { minLength: 1 }), badNumber)
    .map(([index, bounds, value]) =>
      spoilVerdict(index, Object.fromEntries(bounds.map((bound) => [bound, value]))),
    ),
  fc
    .tuple(which, fc.constantFrom('fail' as const, 'unknown' as const))
    .map(([index, outcome]) => spoilVerdict(index, { outcome })),
  fc
    .tuple(which, fc.integer({ min: 1, max: 7_200_000 }))
    .map(([index, agoMs]) =>
      spoilSaying(index, (said) => [
        { ...said, evaluatedAtMs: NOW_MS - 15_000 - agoMs, validUntilMs: NOW_MS - agoMs },
      ]),
    ),
  fc.tuple(which, badNumber).map(([index, s]) =>
    spoilVerdict(index, {
      estimators: [{ id: 'freshness', estimate: s, lower: s, upper: s, n: 1, kind: 'clock' }],
    }),
  ),
  which.map((index) => spoilSaying(index, () => [])),
);
const ofRate: fc.Arbitrary<Spoil> = fc
  .tuple(fc.nat(1), fc.constantFrom('requestsPerS' as const, 'readAtMs' as const), badNumber)
  .map(([index, key, value]) => (world) => ({
    ...world,
    rates: world.rates.map((rate, at) =>
      at === index ? { ...rate, [key]: key === 'readAtMs' ? 0 : value } : rate,
    ),
  }));
const ofIntent: fc.Arbitrary<Spoil> = fc.constantFrom<Spoil>(
  (world) => ({ ...world, intents: [] }),
  (world) => ({
    ...world,
    intents: world.intents.map((intent) => ({ ...intent, isMet: 'unknown', requests: null, wrong: null })),
  }),
  (world) => ({
    ...world,
    intents: world.intents.map((intent) => ({
      ...intent,
      isMet: 'false',
      wrong: { lower: 0.2, upper: 0.3 },
    })),
  }),
);
const ofSituation: fc.Arbitrary<Spoil> = fc.constantFrom<Spoil>(
  (world) => ({ ...world, recent: RECENT_UNKNOWN }),
  (world) => ({ ...world, health: null }),
  (world) => ({ ...world, health: { known: 0, unhealthy: Number.NaN, examples: [], atMs: NOW_MS } }),
  (world) => ({ ...world, use: null }),
  (world) => ({ ...world, use: { find: () => null } }),
  (world) => ({ ...world, incident: 'unknown' }),
);
const ofInput: fc.Arbitrary<Spoil> = fc
  .tuple(fc.nat(3), fc.constantFrom('value', 'observedAt'), junk)
  .map(([index, key, value]) => (world) => ({
    ...world,
    body: {
      ...world.body,
      inputs: world.body.inputs.map((input, at) =>
        at === index % world.body.inputs.length ? { ...input, [key]: value } : input,
      ),
    },
  }));
/** Of what the caller says of its action: a size, a place, a plan. */
const ofAction: fc.Arbitrary<Spoil> = fc
  .tuple(
    fc.constantFrom(
      ['from', 'replicas'],
      ['to', 'replicas'],
      ['blastRadius', 'count'],
      ['blastRadius', 'of'],
    ),
    junk,
  )
  .map(([[side, key], value]) => (world) => {
    const before = world.body.action[side as string] as Record<string, unknown> | undefined;
    if (before?.[key as string] === undefined) return world;
    const action = { ...world.body.action, [side as string]: { ...before, [key as string]: value } };
    return { ...world, body: { ...world.body, action } };
  });

/** Any one part of what a decision rests on, spoilt in any way. */
export const corruption: fc.Arbitrary<Spoil> = fc.oneof(
  fc.constantFrom(...CASES.flatMap(({ variants }) => variants.map(({ spoil }) => spoil))),
  ofVerdict,
  ofVerdict,
  ofRate,
  ofIntent,
  ofSituation,
  ofInput,
  ofAction,
);
