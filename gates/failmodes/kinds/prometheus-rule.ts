import type { Part } from '../part.ts';
import { metricNames, readsMissingAsNumber, withoutVector } from '../promql.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['monitoring.coreos.com/PrometheusRule', 'prometheus/RuleFile'];
const DOCS = 'https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/';
const RESOLVED = 'https://github.com/prometheus/prometheus/issues/17482';
const ABSENT = /\b(absent|absent_over_time)\s*\(/;

function groupsOf({ group, root }: Manifest): Part[] {
  return (group === 'prometheus' ? root : root.at('spec')).at('groups').items;
}

function alertsOf(manifest: Manifest): { alert: Part; group: Part }[] {
  return groupsOf(manifest).flatMap((group) =>
    group
      .at('rules')
      .items.filter((rule) => rule.at('alert').isWritten && rule.at('expr').text !== null)
      .map((alert) => ({ alert, group })),
  );
}

function expressionOf(alert: Part): string {
  return alert.at('expr').text ?? '';
}

function jobsIn(expression: string): string[] {
  return [...expression.matchAll(/\bjob\s*=\s*"([^"]*)"/g)].map(([, job]) => job as string);
}

/** Metrics and jobs whose end some alert of the run tells: `absent(up{job="x"})` is about all metrics of x. */
function watchedIn(all: readonly Manifest[]): { metrics: ReadonlySet<string>; jobs: ReadonlySet<string> } {
  const telling = all
    .filter(({ group, kind }) => KINDS.includes(`${group}/${kind}`))
    .flatMap(alertsOf)
    .map(({ alert }) => expressionOf(alert))
    .filter((expression) => ABSENT.test(expression));
  const ofTargets = telling.filter((expression) => metricNames(expression).includes('up'));
  return { metrics: new Set(telling.flatMap(metricNames)), jobs: new Set(ofTargets.flatMap(jobsIn)) };
}

export const PROMETHEUS_RULES: readonly Rule[] = [
  {
    id: 'PROM001',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'an alert whose series end is resolved, and whoever waits for silence takes it for health',
    sources: [DOCS, RESOLVED, 'https://github.com/prometheus/alertmanager/issues/2264'],
    *check(manifest, all) {
      const { metrics, jobs } = watchedIn(all);
      for (const { alert, group } of alertsOf(manifest)) {
        const expr = alert.at('expr');
        const expression = expressionOf(alert);
        const names = metricNames(expression).filter((name) => !['up', 'ALERTS'].includes(name));
        const untold = names.filter((name) => !metrics.has(name));
        const isTold = ABSENT.test(expression) || jobsIn(expression).some((job) => jobs.has(job));
        if (isTold || untold.length === 0) yield fine(expr);
        else {
          const counterpart = {
            alert: `${alert.at('alert').text ?? 'Metric'}Absent`,
            expr: untold.map((name) => `absent(${name})`).join(' or '),
            for: '10m',
            labels: alert.at('labels').value ?? { severity: 'warning' },
          };
          const rules = group.at('rules');
          yield wrong(
            expr,
            `nothing tells when ${untold[0]} ends`,
            set(rules.at(rules.items.length), counterpart),
          );
        }
      }
    },
  },
  {
    id: 'PROM002',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'the expression itself turns "no data" into a number: an alert on too much is then silent, as if all were well',
    sources: ['https://prometheus.io/docs/prometheus/latest/querying/functions/#vector'],
    *check(manifest) {
      for (const { alert } of alertsOf(manifest)) {
        const expr = alert.at('expr');
        const expression = expressionOf(alert);
        const isUpper = /(?<![<=!])>(?!\s*bool\s)/.test(expression) && !/</.test(expression);
        if (!isUpper || !readsMissingAsNumber(expression)) yield fine(expr);
        else
          yield wrong(expr, '"or vector(…)" stands for missing data', set(expr, withoutVector(expression)));
      }
    },
  },
];
