import type { Part } from '../part.ts';
import { readsMissingAsNumber, withoutVector } from '../promql.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['flagger.app/Canary'];
const METRICS = 'fluxcd/flagger: pkg/controller/scheduler_metrics.go';
const WEBHOOKS = 'https://docs.flagger.app/usage/webhooks';
const TYPES = 'fluxcd/flagger: pkg/apis/flagger/v1beta1/canary.go';
const SUCCESS_RATE = 'request-success-rate';
/** They can say no before the canary gets more. */
const JUDGING_HOOKS = [
  'confirm-rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'pre-rollout',
  'rollout',
];
/** Paths that answer 200 whatever is asked: the open gate of Flagger's load tester, health checks, nothing. */
const ALWAYS_YES = /^(\/?|\/(gate\/approve|healthz?|readyz?|livez|ping|ok))\/?$/i;

/** `canaryAnalysis` is the name it had before v1beta1. */
function analysisOf({ root }: Manifest): Part {
  const before = root.at('spec', 'canaryAnalysis');
  return before.isWritten ? before : root.at('spec', 'analysis');
}

function hooksOf(manifest: Manifest): Part[] {
  return analysisOf(manifest).at('webhooks').items;
}

/** A hook without type is a rollout hook. */
function typeOf(hook: Part): string {
  return hook.at('type').text ?? 'rollout';
}

function pathOf(hook: Part): string | null {
  const url = hook.at('url').text;
  return url !== null && URL.canParse(url) ? new URL(url).pathname : null;
}

function rangeFor(metric: Part): Record<string, number> {
  return metric.at('name').text === SUCCESS_RATE ? { min: 99 } : { max: 500 };
}

export const CANARY_RULES: readonly Rule[] = [
  {
    id: 'FLAG001',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['promote'],
    natively: 'with skipAnalysis, or without analysis, the canary is promoted without being looked at',
    sources: [TYPES],
    *check(manifest) {
      const skip = manifest.root.at('spec', 'skipAnalysis');
      const analysis = analysisOf(manifest);
      if (skip.flag === true) yield wrong(skip, 'skipAnalysis is true', set(skip, false));
      else if (analysis.isWritten) yield fine(skip);
      else {
        const metrics = [{ name: SUCCESS_RATE, interval: '1m', thresholdRange: { min: 99 } }];
        const to = { interval: '1m', threshold: 5, maxWeight: 50, stepWeight: 10, metrics };
        yield wrong(analysis, 'there is no analysis', set(analysis, to));
      }
    },
  },
  {
    id: 'FLAG002',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'without metrics and without a webhook that may say no, the canary advances every interval',
    sources: ['https://docs.flagger.app/usage/how-it-works#canary-analysis', METRICS],
    *check(manifest) {
      const analysis = analysisOf(manifest);
      if (!analysis.isWritten) return;
      const metrics = analysis.at('metrics');
      const isJudged = hooksOf(manifest).some((hook) => JUDGING_HOOKS.includes(typeOf(hook)));
      if (metrics.items.length > 0 || isJudged) yield fine(metrics);
      else {
        const to = [{ name: SUCCESS_RATE, interval: '1m', thresholdRange: { min: 99 } }];
        yield wrong(analysis, 'nothing judges the canary', set(metrics, to));
      }
    },
  },
  {
    id: 'FLAG003',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'a thresholdRange without min and max passes every value; request-success-rate without a min passes 0 %',
    sources: [METRICS, 'https://docs.flagger.app/usage/metrics'],
    *check(manifest) {
      for (const metric of analysisOf(manifest).at('metrics').items) {
        const range = metric.at('thresholdRange');
        const hasMin = range.at('min').number !== null;
        const hasMax = range.at('max').number !== null;
        const isRate = metric.at('name').text === SUCCESS_RATE;
        const isLimited = hasMin || (hasMax && !isRate) || metric.at('threshold').number !== null;
        if (isLimited) yield fine(range);
        else {
          const found = `${metric.at('name').text ?? 'a metric'} has no limit that bad data would miss`;
          yield wrong(range.isWritten ? range : metric, found, set(range, rangeFor(metric)));
        }
      }
    },
  },
  {
    id: 'FLAG004',
    severity: 'info',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'a custom metric with a max alone passes when it reads 0, as a stopped exporter may make it',
    sources: [METRICS],
    *check(manifest) {
      for (const metric of analysisOf(manifest).at('metrics').items) {
        const range = metric.at('thresholdRange');
        if (!metric.at('templateRef').isWritten || !range.isWritten) continue;
        if (range.at('min').isWritten) yield fine(range);
        else yield wrong(range, 'it has no min', set(range.at('min'), 0.001));
      }
    },
  },
  {
    id: 'FLAG005',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'any 2xx of a rollback hook rolls back at once: a path that other hooks use too, or that always answers 200, takes a healthy version back',
    sources: [WEBHOOKS, 'fluxcd/flagger: pkg/controller/webhook.go'],
    *check(manifest) {
      const hooks = hooksOf(manifest);
      for (const hook of hooks.filter((one) => typeOf(one) === 'rollback')) {
        const url = hook.at('url');
        const path = pathOf(hook);
        const isShared = hooks.some((one) => typeOf(one) !== 'rollback' && one.at('url').text === url.text);
        const isAlways = path !== null && ALWAYS_YES.test(path);
        if (!isShared && !isAlways) yield fine(url);
        else {
          const found = isShared
            ? 'its URL is that of another hook'
            : `${path} answers 200 whatever is asked`;
          const own = 'http://plumbline.plumbline.svc:4319/adapters/flagger/rollback';
          yield wrong(url, found, set(url, own));
        }
      }
    },
  },
  {
    id: 'FLAG006',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      '"no values found" counts as a failed check, and threshold is 1 when it is left out: one gap in the data rolls a healthy version back',
    sources: [TYPES, METRICS, 'https://github.com/fluxcd/flagger/issues/1501'],
    *check(manifest) {
      const analysis = analysisOf(manifest);
      if (!analysis.isWritten) return;
      const threshold = analysis.at('threshold');
      if ((threshold.number ?? 1) > 1) yield fine(threshold);
      else yield wrong(threshold, `threshold is ${threshold.number ?? 'left out (1)'}`, set(threshold, 5));
    },
  },
  {
    id: 'FLAG007',
    severity: 'info',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['promote'],
    natively: 'without a confirm-promotion hook the last passed check promotes',
    sources: [WEBHOOKS],
    *check(manifest) {
      const analysis = analysisOf(manifest);
      if (!analysis.isWritten) return;
      const hooks = hooksOf(manifest);
      const confirm = hooks.find((hook) => typeOf(hook) === 'confirm-promotion');
      if (confirm !== undefined) yield fine(confirm);
      else {
        const url = 'http://plumbline.plumbline.svc:4319/adapters/flagger/confirm';
        const metadata = { service: manifest.name, kind: 'promote' };
        const hook = { name: 'may-be-promoted', type: 'confirm-promotion', url, metadata };
        yield wrong(analysis.at('webhooks'), 'nobody is asked before promotion', {
          set: analysis.at('webhooks', hooks.length).path,
          to: hook,
        });
      }
    },
  },
  {
    id: 'FLAG008',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'a confirm hook whose path always answers 200 confirms without looking',
    sources: [`${WEBHOOKS}#manual-gating`],
    *check(manifest) {
      for (const hook of hooksOf(manifest).filter((one) => typeOf(one).startsWith('confirm-'))) {
        const path = pathOf(hook);
        const url = hook.at('url');
        if (path === null || !ALWAYS_YES.test(path)) yield fine(url);
        else {
          const to = 'http://plumbline.plumbline.svc:4319/adapters/flagger/confirm';
          yield wrong(url, `${path} answers 200 whatever is asked`, set(url, to));
        }
      }
    },
  },
  {
    id: 'FLAG009',
    severity: 'error',
    kinds: ['flagger.app/MetricTemplate'],
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'the query itself turns "no data" into a number, so that Flagger never halts on "no values found"',
    sources: ['https://docs.flagger.app/usage/metrics'],
    *check({ root }) {
      const query = root.at('spec', 'query');
      if (query.text === null) return;
      const isFilled = /\bdefault_zero\s*\(/.test(query.text);
      if (!isFilled && !readsMissingAsNumber(query.text)) yield fine(query);
      else {
        const bare = withoutVector(query.text).replaceAll(/\bdefault_zero\s*\(/g, '(');
        yield wrong(query, 'a number stands for missing data', set(query, bare));
      }
    },
  },
];
