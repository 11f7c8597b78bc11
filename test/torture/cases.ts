import type { Dimension, Verdict } from '../../core/verdict.ts';
import { RECENT_UNKNOWN } from '../../gates/recent-actions.ts';
import type { SourceRate } from '../../gates/source-rate.ts';
import { NOW_MS, verdictOf } from '../gates/judged-world.ts';
import { BROKEN_SET, recentOf, type World } from './world.ts';

/**
 * What must come of it, in the unsafe direction and in the safe one.
 * - `mode`: the fail mode of the kind: hold or deny; the safe direction goes on, within its cap.
 * - `stopped`: hold or deny; the safe direction goes on.
 * - `never`: hold or deny, in both directions.
 * - `hold`, `deny`, `refused`: that, in both directions: not the data is at fault, but the question or the rule.
 */
export type Expected = 'mode' | 'stopped' | 'never' | 'hold' | 'deny' | 'refused';

export interface Variant {
  readonly how: string;
  readonly expected: Expected;
  /** A code among the reasons. */
  readonly code: string;
  readonly spoil: (world: World) => World;
}

/** One way in which data, questions or rules go wrong. */
export interface TortureCase {
  readonly name: string;
  readonly variants: readonly Variant[];
}

type Spoil = Variant['spoil'];

const mode = (how: string, code: string, spoil: Spoil): Variant => ({ how, expected: 'mode', code, spoil });
const stopped = (how: string, code: string, spoil: Spoil): Variant => ({
  ...mode(how, code, spoil),
  expected: 'stopped',
});
const as = (expected: Expected, how: string, code: string, spoil: Spoil): Variant => ({
  how,
  expected,
  code,
  spoil,
});

type Which = { readonly signal?: Verdict['source']['signal']; readonly dimension?: Dimension };

function isOne({ source, dimension }: Verdict, which: Which): boolean {
  return (
    (which.signal === undefined || source.signal === which.signal) &&
    (which.dimension === undefined || dimension === which.dimension)
  );
}

/** Of some verdicts, something else. */
function change(which: Which, facts: (verdict: Verdict) => Partial<Verdict>): Spoil {
  return (world) => ({
    ...world,
    verdicts: world.verdicts.map((verdict) =>
      isOne(verdict, which) ? { ...verdict, ...facts(verdict) } : verdict,
    ),
  });
}

const without =
  (which: Which): Spoil =>
  (world) => ({ ...world, verdicts: world.verdicts.filter((verdict) => !isOne(verdict, which)) });

const allBounds = (value: number | null): Spoil =>
  change({}, () => ({ estimate: value, lower: value, upper: value }));

const COMPLETENESS = { signal: 'traces', dimension: 'completeness' } as const;
const AGE = { signal: 'metrics', dimension: 'timeliness' } as const;

/** The age of the newest item, as the validator measured it. */
function aged(which: Which, s: number): Spoil {
  const kind = 'clock' as const;
  return change(which, () => ({
    estimators: [{ id: 'freshness', estimate: s, lower: s, upper: s, n: 1, kind }],
  }));
}

function bad(dimension: Dimension, signal: Verdict['source']['signal'] = 'traces'): Spoil {
  return change({ signal, dimension }, () => {
    const { outcome, estimate, lower, upper } = verdictOf({ outcome: 'fail' });
    return { outcome, estimate, lower, upper };
  });
}

function rates(facts: Readonly<Partial<Record<SourceRate['signal'], Partial<SourceRate>>>>): Spoil {
  return (world) => ({ ...world, rates: world.rates.map((rate) => ({ ...rate, ...facts[rate.signal] })) });
}

const bothCount = (requestsPerS: number) => rates({ traces: { requestsPerS }, metrics: { requestsPerS } });

/** The first thing that the actor says it saw, told otherwise. */
function saw(facts: Readonly<Record<string, unknown>>, index = 0): Spoil {
  return (world) => ({
    ...world,
    body: {
      ...world.body,
      inputs: world.body.inputs.map((input, at) => (at === index ? { ...input, ...facts } : input)),
    },
  });
}

const ask =
  (facts: Partial<World['body']>): Spoil =>
  (world) => ({ ...world, body: { ...world.body, ...facts } });
const act =
  (facts: Readonly<Record<string, unknown>>): Spoil =>
  (world) => ({ ...world, body: { ...world.body, action: { ...world.body.action, ...facts } } });
const at = (facts: Readonly<Record<string, string>>): Spoil =>
  ask({ target: { service: 'checkout', region: 'eu-west-1', ...facts } });

const iso = (timeMs: number) => new Date(timeMs).toISOString();
const deep = JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`) as Record<string, unknown>;

export const CASES: readonly TortureCase[] = [
  {
    name: 'empty',
    variants: [
      mode('nothing of the service ever arrived', 'NO_TELEMETRY', without({})),
      mode('no verdict about one promise', 'DATA_UNKNOWN', without(COMPLETENESS)),
      mode('one of two sources sends nothing', 'DATA_UNKNOWN', without({ signal: 'metrics' })),
      mode(
        'a count of requests came back empty',
        'POLICY_UNKNOWN',
        rates({ traces: { requestsPerS: null } }),
      ),
      stopped('the actor saw null', 'INPUT_INVALID', saw({ value: null })),
      stopped('the actor saw an empty text', 'INPUT_INVALID', saw({ value: '' })),
    ],
  },
  {
    name: 'NaN',
    variants: [
      mode('in every bound', 'DATA_UNKNOWN', allBounds(Number.NaN)),
      mode(
        'in one lower bound',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ lower: Number.NaN })),
      ),
      mode(
        'in one upper bound',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ upper: Number.NaN })),
      ),
      mode('as the age of the newest item', 'DATA_UNKNOWN', aged(AGE, Number.NaN)),
      mode('as a count of requests', 'POLICY_UNKNOWN', rates({ metrics: { requestsPerS: Number.NaN } })),
      stopped('the actor saw "NaN"', 'INPUT_INVALID', saw({ value: 'NaN' })),
    ],
  },
  {
    name: 'Inf',
    variants: [
      mode('in every bound', 'DATA_UNKNOWN', allBounds(Number.POSITIVE_INFINITY)),
      mode(
        'in one upper bound',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ upper: Number.POSITIVE_INFINITY })),
      ),
      mode(
        'as a count of requests',
        'POLICY_UNKNOWN',
        rates({ traces: { requestsPerS: Number.POSITIVE_INFINITY } }),
      ),
      stopped('the actor saw "+Inf"', 'INPUT_INVALID', saw({ value: '+Inf' })),
    ],
  },
  {
    name: '-Inf',
    variants: [
      mode('in every bound', 'DATA_UNKNOWN', allBounds(Number.NEGATIVE_INFINITY)),
      mode(
        'in one lower bound',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ lower: Number.NEGATIVE_INFINITY })),
      ),
      mode('as the age of the newest item', 'DATA_UNKNOWN', aged(AGE, Number.NEGATIVE_INFINITY)),
      stopped('the actor saw "-Infinity"', 'INPUT_INVALID', saw({ value: '-Infinity' })),
    ],
  },
  {
    name: 'negative',
    variants: [
      mode(
        'a lost share below 0',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ estimate: -0.3, lower: -0.4, upper: -0.2 })),
      ),
      mode('an age below 0', 'DATA_UNKNOWN', aged(AGE, -3_600)),
      mode('a counter that ran backwards', 'POLICY_UNKNOWN', rates({ metrics: { requestsPerS: -40 } })),
      mode('by both ways of counting', 'POLICY_UNKNOWN', bothCount(-100)),
    ],
  },
  {
    name: 'stale',
    variants: [
      mode('the newest item is older than the heartbeat', 'SRC_LATE', aged(AGE, 200)),
      mode('spans come two minutes late', 'SRC_LATE', bad('timeliness')),
      mode(
        'the count of requests was not read for two minutes',
        'POLICY_UNKNOWN',
        rates({ traces: { readAtMs: NOW_MS - 120_000 } }),
      ),
    ],
  },
  {
    name: 'frozen',
    variants: [
      mode(
        'the last items are sent again and again',
        'SRC_LATE',
        aged({ signal: 'traces', dimension: 'timeliness' }, 90),
      ),
      mode(
        'a counter stands still, under new timestamps',
        'SRC_CONTRADICTS',
        rates({ metrics: { requestsPerS: 0 } }),
      ),
      mode(
        'verdicts are not renewed, the judge hangs',
        'DATA_UNKNOWN',
        change({}, () => ({ evaluatedAtMs: NOW_MS - 40_000, validUntilMs: NOW_MS - 25_000 })),
      ),
    ],
  },
  {
    name: 'partial',
    variants: [
      mode('half of the collectors are gone', 'SRC_INCOMPLETE', bad('completeness')),
      mode('one of two instances is judged incomplete', 'SRC_INCOMPLETE', (world) => ({
        ...world,
        verdicts: [...world.verdicts, { ...verdictOf({ outcome: 'fail', serviceInstanceId: 'pod-2' }) }],
      })),
      mode(
        'how much is lost is between 0 and 100 %',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ outcome: 'unknown', lower: 0, upper: 1 })),
      ),
    ],
  },
  {
    name: 'biased sample',
    variants: [
      mode('errors are kept less often than the rest', 'SRC_SAMPLING', unfitFor('fail')),
      mode('whether they are cannot be shown', 'DATA_UNKNOWN', unfitFor('unverifiable')),
      mode(
        'no spans were settled yet',
        'DATA_UNKNOWN',
        change({ dimension: 'sampling' }, () => ({ evidence: {} })),
      ),
    ],
  },
  {
    name: 'skewed clock',
    variants: [
      mode('the sender is ahead', 'SRC_LATE', bad('timeliness', 'metrics')),
      mode(
        'the judge is an hour ahead, and then silent',
        'DATA_UNKNOWN',
        change({}, () => ({ evaluatedAtMs: NOW_MS + 3_600_000, validUntilMs: NOW_MS + 3_599_000 })),
      ),
      mode(
        'the judge is an hour behind',
        'DATA_UNKNOWN',
        change({}, () => ({ evaluatedAtMs: NOW_MS - 3_600_000, validUntilMs: NOW_MS - 3_585_000 })),
      ),
      stopped('the actor is a minute ahead', 'INPUT_INVALID', saw({ observedAt: iso(NOW_MS + 60_000) })),
      stopped('the actor is ten minutes behind', 'INPUT_STALE', saw({ observedAt: iso(NOW_MS - 600_000) })),
    ],
  },
  {
    name: 'contradictory signals',
    variants: [
      stopped(
        'spans say half of what the balancer counts',
        'SRC_CONTRADICTS',
        rates({ traces: { requestsPerS: 50 } }),
      ),
      stopped(
        'spans say twice of what the balancer counts',
        'SRC_CONTRADICTS',
        rates({ traces: { requestsPerS: 200 } }),
      ),
    ],
  },
  {
    name: 'implausible zero',
    variants: [
      mode(
        'spans say no load, the balancer counts some',
        'SRC_CONTRADICTS',
        rates({ traces: { requestsPerS: 0 } }),
      ),
      mode('no load by both, and 120/s in the hour before', 'POLICY_UNKNOWN', bothCount(0)),
      stopped('the actor saw a rate of 0 that nobody else sees', 'INPUT_CONTRADICTS', saw({ value: 0 })),
    ],
  },
  {
    name: 'not yet seen',
    variants: [
      mode('spans of a new service, judged by nobody yet', 'DATA_UNKNOWN', without({ signal: 'traces' })),
      mode(
        'only another service of that name space',
        'NO_TELEMETRY',
        change({}, ({ source }) => ({ source: { ...source, serviceName: 'cart' } })),
      ),
    ],
  },
  {
    name: 'expired verdict',
    variants: [
      mode(
        'a pass of a minute ago',
        'DATA_UNKNOWN',
        change({}, () => ({ evaluatedAtMs: NOW_MS - 60_000, validUntilMs: NOW_MS - 45_000 })),
      ),
      mode(
        'a pass that ended a millisecond ago',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ validUntilMs: NOW_MS - 1 })),
      ),
    ],
  },
  {
    name: 'verdict without interval',
    variants: [
      mode('a bare "pass" about everything', 'DATA_UNKNOWN', allBounds(null)),
      mode(
        'a bare "pass" about completeness',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ lower: null, upper: null })),
      ),
      mode(
        'an interval with its ends exchanged',
        'DATA_UNKNOWN',
        change(COMPLETENESS, () => ({ lower: 0.9, upper: 0.01 })),
      ),
    ],
  },
  {
    name: 'source renamed',
    variants: [
      mode(
        'service.name is another one since the last release',
        'NO_TELEMETRY',
        change({}, ({ source }) => ({ source: { ...source, serviceName: 'checkout-v2' } })),
      ),
      mode(
        'its spans come under another name, its metrics do not',
        'DATA_UNKNOWN',
        change({ signal: 'traces' }, ({ source }) => ({ source: { ...source, serviceName: 'checkout-v2' } })),
      ),
    ],
  },
  {
    name: 'duplicate data',
    variants: [
      stopped(
        'every span is stored twice, the counts differ',
        'SRC_CONTRADICTS',
        rates({ traces: { requestsPerS: 200 } }),
      ),
      mode('an older pass is delivered again after a fail', 'SRC_INCOMPLETE', (world) => {
        const { verdicts } = bad('completeness')(world);
        const older = verdicts.flatMap((verdict) =>
          isOne(verdict, COMPLETENESS)
            ? [verdictOf({ evaluatedAtMs: verdict.evaluatedAtMs - 4_000, validForMs: 60_000 })]
            : [],
        );
        return { ...world, verdicts: [...verdicts, ...older] };
      }),
    ],
  },
  {
    name: 'inputs of the actor',
    variants: [
      stopped('are older than promised', 'INPUT_STALE', saw({ observedAt: iso(NOW_MS - 300_000) })),
      stopped(
        'say when they were seen in no way we can read',
        'INPUT_INVALID',
        saw({ observedAt: 'yesterday' }),
      ),
      stopped('are the opposite of what we hold', 'INPUT_CONTRADICTS', saw({ value: 0.7 }, 1)),
      stopped('name no signal', 'INPUT_INVALID', saw({ signal: '' })),
    ],
  },
  {
    name: 'empty selector',
    variants: [
      as('deny', 'service ""', 'EMPTY_TARGET', at({ service: '' })),
      as('deny', 'region of blanks', 'EMPTY_TARGET', at({ region: '  ' })),
      as(
        'deny',
        'a list of no targets',
        'EMPTY_TARGET',
        act({ blastRadius: { targets: [], count: 1, of: 12 } }),
      ),
      as('deny', 'zero targets', 'EMPTY_TARGET', act({ blastRadius: { count: 0, of: 12 } })),
      as('deny', 'a label selector without labels', 'EMPTY_TARGET', act({ to: { matchLabels: {} } })),
      as('refused', 'no key at all', 'request_invalid', ask({ target: {} })),
    ],
  },
  {
    name: 'wildcard selector',
    variants: [
      as('deny', 'service "*"', 'EMPTY_TARGET', at({ service: '*' })),
      as('deny', 'pod "*"', 'EMPTY_TARGET', at({ pod: '*' })),
      as('deny', 'pod ".*"', 'EMPTY_TARGET', at({ pod: '.*' })),
      as('deny', 'pod "^.+$"', 'EMPTY_TARGET', at({ pod: '^.+$' })),
      as('deny', 'host "%"', 'EMPTY_TARGET', at({ host: '%' })),
      as(
        'deny',
        'a list that holds "*"',
        'EMPTY_TARGET',
        act({ blastRadius: { targets: ['*'], count: 1, of: 12 } }),
      ),
      as('deny', 'a template that was never filled in', 'EMPTY_TARGET', at({ pod: 'undefined' })),
    ],
  },
  {
    name: 'missing target',
    variants: [
      as('refused', 'no target', 'request_invalid', (world) => ({
        ...world,
        body: { ...world.body, target: undefined as never },
      })),
      as('never', 'no service', 'TARGET_UNSCOPED', ask({ target: { region: 'eu-west-1' } })),
      as(
        'never',
        'a service that nobody heard of, a letter off',
        'TARGET_UNKNOWN',
        at({ service: 'chekout' }),
      ),
    ],
  },
  {
    name: 'unknown kind',
    variants: [
      as('hold', 'that nobody described', 'ACTION_UNKNOWN', act({ kind: 'make_it_fast' })),
      as('hold', 'a letter off', 'ACTION_UNKNOWN', act({ kind: 'scle.up' })),
      as(
        'hold',
        'under a stage that is described',
        'ACTION_UNKNOWN',
        act({ kind: 'wipe_all', stage: 'scaling' }),
      ),
      as('refused', 'in capitals, past rules in lower case', 'request_invalid', act({ kind: 'Scale.Up' })),
      as('refused', 'none', 'request_invalid', act({ kind: undefined })),
    ],
  },
  {
    name: 'unknown actor',
    variants: [
      as('deny', 'that the file does not list', 'BOUNDARY_ACTOR', ask({ actor: { id: 'stranger' } })),
      as('deny', 'that looks like one that is', 'BOUNDARY_ACTOR', ask({ actor: { id: ' robot/7' } })),
      as('refused', 'without a name', 'request_invalid', ask({ actor: { id: '' } })),
      as('refused', 'none', 'request_invalid', ask({ actor: {} })),
    ],
  },
  {
    name: 'body too deep or too large',
    variants: [
      as('refused', 'sixty levels deep', 'request_invalid', act({ to: deep })),
      as(
        'refused',
        'a name of 10,000 letters',
        'request_invalid',
        ask({ actor: { id: 'x'.repeat(10_000) } }),
      ),
      as(
        'refused',
        'a thousand inputs',
        'request_invalid',
        ask({ inputs: Array.from({ length: 1_000 }, () => ({ signal: 'a', value: 1 })) }),
      ),
    ],
  },
  {
    name: 'constraint that cannot be evaluated',
    variants: [
      as('hold', 'a policy reads past the end of a list', 'POLICY_ERROR', (world) => ({
        ...world,
        sets: [BROKEN_SET],
      })),
    ],
  },
  {
    name: 'gate just started',
    variants: [
      mode('no verdict was read yet', 'NO_TELEMETRY', (world) => ({
        ...without({})(world),
        recent: RECENT_UNKNOWN,
        health: null,
        use: null,
        incident: 'unknown',
        rates: [],
        intents: [],
      })),
      mode('what other replicas allowed was not read yet', 'RECENT_UNKNOWN', (world) => ({
        ...world,
        recent: RECENT_UNKNOWN,
      })),
      mode('and not for a minute', 'RECENT_UNKNOWN', (world) => ({
        ...world,
        recent: recentOf(NOW_MS - 60_000),
      })),
      mode('intents were not measured, nor were requests counted yet', 'POLICY_UNKNOWN', (world) => ({
        ...world,
        rates: [],
        intents: [],
      })),
    ],
  },
];

function unfitFor(outcome: 'fail' | 'unverifiable'): Spoil {
  const judged = { outcome, reasons: [{ code: 'SAMPLING_FAIL_C5', text: 'as the test says' }] };
  const purposes = { counts: judged, 'trace-shape': judged, existence: judged };
  return change({ dimension: 'sampling' }, () => ({ evidence: { purposes } }));
}
