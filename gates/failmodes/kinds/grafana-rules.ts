import type { Part } from '../part.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['grafana/RuleFile', 'grafana.integreatly.org/GrafanaAlertRuleGroup'];
const DOCS =
  'https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/nodata-and-error-states/';
const DEFAULTS = 'grafana/grafana: pkg/services/provisioning/alerting/rules_types.go';

function rulesOf({ group, root }: Manifest): Part[] {
  return group === 'grafana'
    ? root.at('groups').items.flatMap((one) => one.at('rules').items)
    : root.at('spec', 'rules').items;
}

function* eachState(
  manifest: Manifest,
  name: string,
  of: { bad: readonly string[]; good: string },
): Generator<Place> {
  for (const rule of rulesOf(manifest)) {
    if (rule.at('record').isWritten) continue;
    const state = rule.at(name);
    if (!of.bad.includes((state.text ?? '').toLowerCase())) yield fine(state);
    else yield wrong(state, `${name} is ${state.text}`, set(state, of.good));
  }
}

export const GRAFANA_RULES: readonly Rule[] = [
  {
    id: 'GRAF001',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'with noDataState OK (NoData when it is left out) a rule without data is Normal, and its alert resolves',
    sources: [DOCS, DEFAULTS],
    check: (manifest) => eachState(manifest, 'noDataState', { bad: ['ok', 'normal'], good: 'NoData' }),
  },
  {
    id: 'GRAF002',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'with execErrState OK (Alerting when it is left out) a rule whose data source fails is Normal',
    sources: [DOCS, DEFAULTS],
    check: (manifest) => eachState(manifest, 'execErrState', { bad: ['ok', 'normal'], good: 'Error' }),
  },
  {
    id: 'GRAF003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'with KeepLast a rule that was Normal stays Normal for as long as the data is missing',
    sources: [DOCS],
    *check(manifest) {
      yield* eachState(manifest, 'noDataState', { bad: ['keeplast', 'keep_state'], good: 'NoData' });
      yield* eachState(manifest, 'execErrState', { bad: ['keeplast', 'keep_state'], good: 'Error' });
    },
  },
];
