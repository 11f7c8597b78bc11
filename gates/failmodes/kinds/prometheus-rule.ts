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

/** Metrics whose end some alert of the run tells; `up` tells of a whole target. */
function watchedIn(all: readonly Manifest[]): ReadonlySet<string> {
  const telling = all
    .filter(({ group, kind }) => KINDS.includes(`${group}/${kind}`))
    .flatMap(alertsOf)
    .map(({ alert }) => expressionOf(alert))
    .filter((expression) => ABSENT.test(expression));
  return new Set(telling.flatMap(metricNames));
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
      const watched = watchedIn(all);
      for (const { alert, group } of alertsOf(manifest)) {
        const expr = alert.at('expr');
        const names = metricNames(expressionOf(alert));
        const isTold =
          ABSENT.test(expressionOf(alert)) ||
          names.length === 0 ||
          names.every((name) => name === 'up' || name === 'ALERTS' || watched.has(name));
        if (isTold) yield fine(expr);
        else {
          const [name] = names.filter((one) => one !== 'up' && !watched.has(one)) as [string];
          const counterpart = {
            alert: `${alert.at('alert').text ?? 'Metric'}Absent`,
            expr: names
              .filter((one) => one !== 'up' && !watched.has(one))
              .map((one) => `absent(${one})`)
              .join(' or '),
            for: '10m',
            labels: alert.at('labels').value ?? { severity: 'warning' },
          };
          const rules = group.at('rules');
          const found = `nothing tells when ${name} ends`;
          yield wrong(expr, found, set(rules.at(rules.items.length), counterpart));
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
