import type { Part } from '../part.ts';
import { readsMissingAsNumber, withoutVector } from '../promql.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['argoproj.io/AnalysisTemplate', 'argoproj.io/ClusterAnalysisTemplate'];
const EVALUATE = 'argoproj/argo-rollouts: utils/evaluate/evaluate.go';
const ANALYSIS = 'argoproj/argo-rollouts: analysis/analysis.go';
const DOCS = 'https://argo-rollouts.readthedocs.io/en/stable/features/analysis/';
/** They say pass or fail themselves. */
const JUDGING_PROVIDERS = ['job', 'kayenta', 'plugin'];
/** Five errors in a row by default; one every 10 s, or every `interval`. */
const ERRORS_MAX = 10;

function metricsOf({ root }: Manifest): Part[] {
  return root.at('spec', 'metrics').items;
}

function providerOf(metric: Part): string {
  return metric.at('provider').members[0]?.[0] ?? '';
}

function* eachMetric(manifest: Manifest, judge: (metric: Part) => Place | null): Generator<Place> {
  for (const metric of metricsOf(manifest)) {
    const place = JUDGING_PROVIDERS.includes(providerOf(metric)) ? null : judge(metric);
    if (place !== null) yield place;
  }
}

function conditionsOf(metric: Part): { success: Part; failure: Part } {
  return { success: metric.at('successCondition'), failure: metric.at('failureCondition') };
}

/** What tells that there is a value, for this provider. */
function guardOf(metric: Part): string {
  return providerOf(metric) === 'prometheus' ? 'len(result) > 0 && !isNaN(result[0])' : 'result != nil';
}

function negated(metric: Part, condition: string): string {
  return `${guardOf(metric)} && !(${condition})`;
}

const EMPTY_PASSES = [
  /len\(\s*result\s*\)\s*(==\s*0|<\s*1)\s*(\|\||or\b)/,
  /(\|\||\bor\b)\s*len\(\s*result\s*\)\s*(==\s*0|<\s*1)/,
  /(?<!!\s*)(?<!not\s)is(NaN|Nil)\([^)]*\)\s*(\|\||or\b)/,
  /(\|\||\bor\b)\s*is(NaN|Nil)\(/,
  /result(\[0\])?\s*==\s*nil\s*(\|\||or\b)/,
  /(\|\||\bor\b)\s*result(\[0\])?\s*==\s*nil/,
];

const COMPARE: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
};

/** `default(result, 0) < 5` passes without data, `default(result, 0) >= 5` does not. */
function defaultPasses(condition: string): boolean {
  const found =
    /default\(\s*[^,()]+(?:\([^)]*\))?\s*,\s*([^)]+?)\s*\)\s*(?:(<=|>=|==|!=|<|>)\s*(-?[\d.]+))?/.exec(
      condition,
    );
  if (found === null) return false;
  const [, filler, operator, limit] = found;
  const compare = operator === undefined ? undefined : COMPARE[operator];
  const value = Number(filler);
  return compare === undefined || Number.isNaN(value) || compare(value, Number(limit));
}

function passesOnNothing(condition: string): boolean {
  return EMPTY_PASSES.some((pattern) => pattern.test(condition)) || defaultPasses(condition);
}

/** The condition without the part that lets nothing pass; a start for whoever corrects it. */
function strictCondition(metric: Part, condition: string): string {
  const guard = providerOf(metric) === 'prometheus' ? 'len(result) > 0' : 'result != nil';
  const alternatives = condition.split(/\s*(?:\|\||\bor\b)\s*/);
  const kept = alternatives.filter((one) => !/len\(|isNaN|isNil|nil/.test(one)).join(' || ');
  const bare = kept.replaceAll(/default\(\s*([^,()]+(?:\([^)]*\))?)\s*,[^)]*\)/g, '$1');
  return bare === '' ? guard : `${guard} && ${kept.includes('||') ? `(${bare})` : bare}`;
}

/** A limit that is reached only when every measurement was taken: `count` ends the run before, as Successful. */
function neverReached(metric: Part, limit: Part): boolean {
  const count = metric.at('count').number;
  return limit.number !== null && count !== null && count > 0 && (limit.number >= count || limit.number < 0);
}

export const ANALYSIS_RULES: readonly Rule[] = [
  {
    id: 'ARGO001',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'a metric without successCondition and failureCondition is Successful whatever it measures',
    sources: [EVALUATE],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const { success, failure } = conditionsOf(metric);
        if (success.isWritten || failure.isWritten) return fine(success);
        const [pass, fail] =
          providerOf(metric) === 'prometheus'
            ? ['len(result) > 0 && result[0] >= 0.99', 'len(result) > 0 && result[0] < 0.95']
            : ['result != nil && result >= 0.99', 'result != nil && result < 0.95'];
        return wrong(metric, 'it has no condition', set(success, pass), set(failure, fail));
      }),
  },
  {
    id: 'ARGO002',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'with a failureCondition alone everything else is Successful: NaN is neither above nor below a limit, and passes',
    sources: [EVALUATE, `${DOCS}#failure-conditions-and-failure-limit`],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const { success, failure } = conditionsOf(metric);
        if (failure.text === null) return null;
        if (success.isWritten) return fine(success);
        const found = 'it has a failureCondition and no successCondition';
        return wrong(failure, found, set(success, negated(metric, failure.text)));
      }),
  },
  {
    id: 'ARGO003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'with a successCondition alone everything else is Failed: data nobody can judge rolls a healthy version back, it never pauses as Inconclusive',
    sources: [EVALUATE, `${DOCS}#inconclusive-runs`],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const { success, failure } = conditionsOf(metric);
        if (success.text === null) return null;
        if (failure.isWritten) return fine(failure);
        const found = 'it has a successCondition and no failureCondition';
        return wrong(success, found, set(failure, negated(metric, success.text)));
      }),
  },
  {
    id: 'ARGO004',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'result[0] of an empty result is an Error, not Inconclusive: it is asked again, and after consecutiveErrorLimit the rollout is aborted',
    sources: [EVALUATE, 'https://github.com/argoproj/argo-rollouts/issues/1905'],
    *check(manifest) {
      for (const metric of metricsOf(manifest)) {
        for (const condition of Object.values(conditionsOf(metric))) {
          const { text } = condition;
          if (text === null || !/\bresult\[/.test(text)) continue;
          if (/\blen\(\s*result\s*\)|\bdefault\(/.test(text)) yield fine(condition);
          else
            yield wrong(
              condition,
              'result[0] without len(result) > 0',
              set(condition, `len(result) > 0 && ${text}`),
            );
        }
      }
    },
  },
  {
    id: 'ARGO005',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'the successCondition is true when there is no data',
    sources: [`${DOCS}#failure-conditions-and-failure-limit`, EVALUATE],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const { success } = conditionsOf(metric);
        if (success.text === null) return null;
        if (!passesOnNothing(success.text)) return fine(success);
        return wrong(success, 'no data makes it true', set(success, strictCondition(metric, success.text)));
      }),
  },
  {
    id: 'ARGO006',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'the query itself turns "no data" into a number, and the condition judges that',
    sources: ['https://prometheus.io/docs/prometheus/latest/querying/functions/#vector'],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const query = metric.at('provider', 'prometheus', 'query');
        if (query.text === null) return null;
        if (!readsMissingAsNumber(query.text)) return fine(query);
        return wrong(query, '"or vector(…)" stands for missing data', set(query, withoutVector(query.text)));
      }),
  },
  {
    id: 'ARGO007',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'while a provider fails, up to consecutiveErrorLimit (4) measurements in a row, a background analysis lets the rollout go on',
    sources: [ANALYSIS],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const limit = metric.at('consecutiveErrorLimit');
        if ((limit.number ?? 4) <= ERRORS_MAX) return fine(limit);
        return wrong(limit, `${limit.number} errors in a row are let pass`, set(limit, 4));
      }),
  },
  {
    id: 'ARGO008',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'a run with `count` measurements is Successful unless a limit was passed: with inconclusiveLimit at or above count, nothing but Inconclusive is a success',
    sources: [ANALYSIS],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const limit = metric.at('inconclusiveLimit');
        if (!neverReached(metric, limit)) return fine(limit);
        const found = `inconclusiveLimit ${limit.number} with count ${metric.at('count').number}`;
        return wrong(limit, found, set(limit, 0));
      }),
  },
  {
    id: 'ARGO009',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'a run with `count` measurements is Successful unless a limit was passed: with failureLimit at or above count (or -1), nothing but Failed is a success',
    sources: [ANALYSIS, 'https://github.com/argoproj/argo-rollouts/issues/4479'],
    check: (manifest) =>
      eachMetric(manifest, (metric) => {
        const limit = metric.at('failureLimit');
        if (!neverReached(metric, limit)) return fine(limit);
        const found = `failureLimit ${limit.number} with count ${metric.at('count').number}`;
        return wrong(limit, found, set(limit, 0));
      }),
  },
  {
    id: 'ARGO010',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'a metric under dryRun is measured, and its result decides nothing',
    sources: [`${DOCS}#dry-run-mode`],
    *check({ root }) {
      const dryRun = root.at('spec', 'dryRun');
      if (!dryRun.isWritten) yield fine(dryRun);
      for (const entry of dryRun.items) {
        const name = entry.at('metricName');
        yield wrong(name, `${name.text ?? 'a metric'} is under dryRun`, { remove: dryRun.path });
      }
    },
  },
];
