import type { Stage } from '../../core/decision.ts';
import type { Finding } from '../../core/finding.ts';
import { and, type Ternary } from '../../core/ternary.ts';
import type { Dimension, Outcome } from '../../core/verdict.ts';
import type { ConstraintSet, SourceConstraint } from '../constraints/constraint-set.ts';
import { findingsAbout } from '../held-by-findings.ts';
import type { IntentState } from '../intent-state.ts';
import { type Question, replicaCount } from '../question.ts';
import { askedOf, lookUp, type Need, needsOf } from '../required-data.ts';
import { type SourceRate, sourceRate } from '../source-rate.ts';
import type { Trust, TrustTarget } from '../trust.ts';
import { type Fact, type Facts, intervalFact, known, ternaryFact, valueFact } from './fact.ts';
import { type DataFact, type IntentFact, idOf } from './policy-language.ts';

/** What is known when a question is asked, besides the question. */
export interface World {
  readonly trust: Trust;
  readonly findings: readonly Finding[];
  readonly intents: readonly IntentState[];
  readonly rates: readonly SourceRate[];
  /** Whether people say that an incident is open; left out: nobody is asked. */
  readonly incident?: Ternary | undefined;
  readonly nowMs: number;
}

const TERNARY: Readonly<Record<Outcome, Ternary>> = { pass: 'true', fail: 'false', unknown: 'unknown' };

const unknown = (why: string): Fact => ({ unknown: why });

/** The largest share that any of the caller's own words come to, in percent: of two that disagree the worse is meant. */
function blastPct(question: Question): Fact {
  const { blastRadius = {} } = question.request.action;
  const { pct, count, of } = blastRadius;
  const from = replicaCount(question, 'from');
  const to = replicaCount(question, 'to');
  const shares = [
    pct,
    typeof count === 'number' && typeof of === 'number' ? (100 * count) / of : undefined,
    from === null || to === null ? undefined : (100 * Math.abs(to - from)) / from,
  ].filter((share) => share !== undefined);
  if (shares.length === 0) return unknown('the request says no blastRadius: give pct, or count and of');
  const isEvery = shares.every((share) => typeof share === 'number' && Number.isFinite(share) && share >= 0);
  return isEvery ? known(Math.max(...(shares as number[]))) : unknown('blastRadius is no share');
}

function actionFact(question: Question, stage: Stage | null, path: readonly string[]): Fact {
  const { action } = question.request;
  const [, name, key] = path;
  if (name === 'kind') return known(question.kind);
  if (name === 'stage') return stage === null ? unknown('no stage is known of this kind') : known(stage);
  if (name === 'reversible') return valueFact(action.reversible, true);
  if (name === 'plan_generation') return valueFact(action.planGeneration, true);
  if (name === 'objective') return valueFact(action.objective, true);
  if (name === 'blast_radius') {
    if (key === 'pct') return blastPct(question);
    const value = action.blastRadius?.[key as string];
    const isTyped = typeof value === (key === 'unit' ? 'string' : 'number');
    return isTyped ? known(value) : unknown('the request does not say it');
  }
  const side = name === 'from' ? action.from : action.to;
  if (key === undefined) return known(side ?? {});
  const value = Object.hasOwn(side ?? {}, key) ? side?.[key] : undefined;
  return value === undefined ? unknown('the request does not say it') : valueFact(value, true);
}

function targetFact({ request: { target } }: Question, key: string | undefined): Fact {
  if (key === undefined) return known(target);
  return Object.hasOwn(target, key) ? known(target[key]) : unknown('the target does not say it');
}

interface SourceView {
  readonly set: ConstraintSet;
  readonly question: Question;
  readonly target: TrustTarget;
  readonly world: World;
  /** By source: several facts of one rest on the same. */
  readonly states: Map<string, Ternary>;
}

/** All that a source promises, or that it is alive where it promises nothing. */
function sourceState(
  source: SourceConstraint,
  { set, question, target, world, states }: SourceView,
): Ternary {
  const before = states.get(source.id);
  if (before !== undefined) return before;
  const data = needsOf(set, source, question).map((need) => lookUp(need, { ...world, target }));
  const state = and(data.map(({ component }) => TERNARY[component.state]));
  states.set(source.id, state);
  return state;
}

function sourceFact(source: SourceConstraint, fact: DataFact, view: SourceView): Fact {
  const { set, question, target, world } = view;
  const { signal, expect } = source;
  const base = { constraint: `${set.metadata.name}/${source.id}`, signal, heartbeatS: null };
  const of = (dimension: Dimension, more: Partial<Need> = {}) =>
    lookUp({ ...base, dimension, ...more }, { ...world, target });
  const state = (data: readonly ReturnType<typeof of>[]) =>
    ternaryFact(and(data.map(({ component }) => TERNARY[component.state])), {
      // That data is bad is no fact about the system: a rule that fails for it alone is held, not denied.
      isTrusted: data.every(({ component }) => component.state === 'pass'),
      why: data.flatMap(({ reason }) => reason?.text ?? []).join(' '),
    });
  const isTrusted = () => sourceState(source, view) === 'true';
  switch (fact) {
    case 'complete':
      return state([of('completeness')]);
    case 'structured':
      return state([of('structure')]);
    case 'sampled': {
      const asked = expect.sampling === undefined ? [null] : askedOf(base.constraint, source, question);
      return state((asked.length === 0 ? [null] : asked).map((one) => of('sampling', { asked: one })));
    }
    case 'fresh': {
      const beat =
        expect.heartbeat === undefined ? [] : [of('timeliness', { heartbeatS: expect.heartbeat / 1_000 })];
      return state(expect.lag === undefined && beat.length > 0 ? beat : [...beat, of('timeliness')]);
    }
    case 'completeness': {
      const { lower, upper } = of('completeness').component;
      return intervalFact(upper === null ? null : 1 - upper, lower === null ? 1 : 1 - lower, isTrusted());
    }
    case 'age_s':
    case 'lag_p99_s':
      return secondsFact(source, fact, view, isTrusted());
    case 'rate':
      return isTrusted()
        ? sourceRate(world.rates, { serviceName: target.serviceName, signal, nowMs: world.nowMs })
        : unknown('the source is not trusted, and a rate of what arrived is not the rate of what was sent');
  }
}

function secondsFact(
  { signal, expect }: SourceConstraint,
  fact: 'age_s' | 'lag_p99_s',
  { target, world }: SourceView,
  isTrusted: boolean,
): Fact {
  const reading = world.trust.read({ target, signal, dimension: 'timeliness' }, world.nowMs);
  const isLive = reading.validUntilMs !== null && reading.validUntilMs >= world.nowMs;
  const ids = fact === 'age_s' ? ['freshness'] : ['lateness-45s', 'lateness-10m'];
  if (fact === 'lag_p99_s' && (expect.lag?.quantile ?? 0.99) !== 0.99) {
    return unknown('the lag is promised, and so measured, at another quantile');
  }
  const found =
    reading.verdict?.estimators.filter(({ id, lower }) => ids.includes(id) && lower !== null) ?? [];
  if (!isLive || found.length === 0) return unknown('it was not measured in the last seconds');
  const lower = Math.min(...found.map((one) => one.lower ?? Number.NaN));
  return intervalFact(lower, Math.max(...found.map((one) => one.upper ?? Number.NaN)), isTrusted);
}

/** Whether what intents are measured by is trusted: as promised, else as is built in. */
function measuredState(signal: 'traces' | 'metrics', view: SourceView): Ternary {
  const declared = view.set.sources.filter((source) => source.signal === signal);
  if (declared.length > 0) return and(declared.map((source) => sourceState(source, view)));
  const need = { constraint: 'built-in', signal, heartbeatS: null };
  const dimensions =
    signal === 'traces' ? (['completeness', 'timeliness'] as const) : (['timeliness'] as const);
  const data = dimensions.map((dimension) =>
    lookUp({ ...need, dimension }, { ...view.world, target: view.target }),
  );
  return and(data.map(({ component }) => TERNARY[component.state]));
}

/** Of all that the intents of the set are measured by; where it has none, of the spans. */
function intentsState(view: SourceView): Ternary {
  const signals = new Set(
    view.set.intent.map(({ expr }) =>
      expr.startsWith('metrics.') ? ('metrics' as const) : ('traces' as const),
    ),
  );
  return and(
    (signals.size === 0 ? (['traces'] as const) : [...signals]).map((signal) => measuredState(signal, view)),
  );
}

function intentFact(id: string, fact: IntentFact, view: SourceView): Fact {
  const constraint = `${view.set.metadata.name}/${id}`;
  const state = view.world.intents.find(({ intent }) => intent.constraint === constraint);
  if (state === undefined) return unknown('it has not been measured yet');
  const isTrusted = measuredState(state.intent.by ?? 'traces', view) === 'true';
  if (fact === 'met')
    return ternaryFact(state.isMet, { isTrusted, why: 'it is too near, or too few requests, to tell' });
  if (state.wrong === null) return unknown('too few requests, or nobody knows how many the spans stand for');
  const { lower, upper } = state.wrong;
  if (fact === 'wrong') return intervalFact(lower, upper, isTrusted);
  if (state.intent.metric !== 'ok_ratio')
    return unknown('of a latency only the share that is too slow is kept: wrong');
  return intervalFact(1 - upper, 1 - lower, isTrusted);
}

/** An incident is what people say, or what we see of one: a confirmed finding about the target that is open, or an intent that is missed. */
function incidentFact(view: SourceView): Fact {
  const { findings, intents } = view.world;
  const about = findingsAbout(findings, view.target.serviceName).filter(
    ({ kind, closedAtMs }) => kind !== 'ungated-action' && closedAtMs === null,
  );
  const wasConfirmed = about.some(
    ({ state, evidence }) =>
      state === 'confirmed' || (state === 'cannot-say' && typeof evidence['confirmedAt'] === 'string'),
  );
  const names = view.set.intent.map(({ id }) => `${view.set.metadata.name}/${id}`);
  const states = names.map(
    (name) => intents.find(({ intent }) => intent.constraint === name)?.isMet ?? 'unknown',
  );
  const { incident = 'false' } = view.world;
  if (wasConfirmed || incident === 'true') return known(true);
  if (incident === 'unknown') return unknown('whether people opened one is not known');
  const areTrusted = intentsState(view) === 'true';
  if (!areTrusted) return unknown('nothing is seen on data that is not trusted');
  if (states.includes('false')) return known(true);
  const isOpenEnded = about.some(({ state }) => state !== 'closed') || states.includes('unknown');
  return isOpenEnded ? unknown('a finding is not confirmed, or an intent not known to be met') : known(false);
}

/** Met without a break since before then; missed at any time since is a no, and not having watched is no answer. */
function allMetFor(durationMs: number, view: SourceView): Ternary {
  if (intentsState(view) !== 'true') return 'unknown';
  const { intents, nowMs } = view.world;
  const sinceMs = nowMs - durationMs;
  return and(
    view.set.intent.map(({ id }): Ternary => {
      const state = intents.find(({ intent }) => intent.constraint === `${view.set.metadata.name}/${id}`);
      if (state === undefined) return 'unknown';
      const { metSinceMs = null, missedAtMs = null } = state.history ?? {};
      if (state.isMet === 'false' || (missedAtMs !== null && missedAtMs >= sinceMs)) return 'false';
      return state.isMet === 'true' && metSinceMs !== null && metSinceMs <= sinceMs ? 'true' : 'unknown';
    }),
  );
}

/** All that a set's expressions may read of one question, looked up when first read. */
export function questionFacts(
  question: Question,
  of: { readonly set: ConstraintSet; readonly stage: Stage | null; readonly world: World },
): Facts {
  const { set, stage, world } = of;
  const view =
    question.target === null
      ? null
      : { set, question, target: question.target, world, states: new Map<string, Ternary>() };
  // By identity: compiled expressions name one path by one array.
  const found = new Map<readonly string[], Fact>();
  const look = (path: readonly string[]): Fact => {
    const [root, name, fact] = path;
    if (root === 'action') return actionFact(question, stage, path);
    if (root === 'actor') return valueFact(question.request.actor[name as 'id' | 'type'], true);
    if (root === 'target') return targetFact(question, name);
    if (root === 'now') return known(new Date(world.nowMs));
    if (view === null) return unknown('the target names no service');
    if (root === 'incident') return incidentFact(view);
    if (root === 'data') {
      const id = idOf(
        name as string,
        set.sources.map((source) => source.id),
      );
      const source = set.sources.find((one) => one.id === id);
      return source === undefined
        ? unknown('no source of this name')
        : sourceFact(source, fact as DataFact, view);
    }
    const id = idOf(
      name as string,
      set.intent.map((intent) => intent.id),
    );
    return id === undefined ? unknown('no intent of this name') : intentFact(id, fact as IntentFact, view);
  };
  return {
    allMetFor: (durationMs) => (view === null ? 'unknown' : allMetFor(durationMs, view)),
    read(path) {
      const before = found.get(path);
      if (before !== undefined) return before;
      const fact = look(path);
      found.set(path, fact);
      return fact;
    },
  };
}
