/** What others are documented to do, by case; a case that none of them speaks about is left out. */
export const ANCHORS: Readonly<Record<string, string>> = {
  empty:
    'KEDA (Prometheus scaler): becomes 0, so to the minimum or to zero (`ignoreNullValues`, default true) [1]. HPA: no items of an external metric is an error, and skipped [2]. Kayenta: a group without data scores 100; both empty with `nanStrategy=replace` passes [3]. Argo Rollouts: authors write `len(result) > 0 || …` by hand; a run that ended early is Successful [4]. Flagger: halts and counts a failed check, which rolls a healthy canary back [5]. Prometheus with Alertmanager: a firing alert resolves [6]. Grafana: NoData, Error or Keep Last, by rule [7]. OpenSLO: `alertWhenNoData`; Pyrra: `SLOMetricAbsent`; Sloth: nothing [8]',
  NaN: 'KEDA: becomes 0 [1]. Flagger: taken for no values [5]. CEL: `NaN >= 0.9` and `NaN < 0.9` are both false, without an error [9]',
  Inf: 'KEDA: becomes 0 [1]',
  stale:
    'HPA: the timestamp of an external metric is never checked [2]. Prometheus: after five minutes a series is gone, and its alerts with it [6]',
  frozen: 'Kayenta: identical or constant series pass [3]',
  partial:
    'Kayenta: fails only where half of all metrics have no data [3]. HPA: missing pods count as 100 % of the target when scaling down, 0 % when scaling up [2]. Others do not measure it',
  'biased sample': 'None of them measures it',
  'skewed clock': 'HPA: timestamps are not looked at [2]',
  'contradictory signals':
    'HPA: the largest of all proposals [2]. Argo Rollouts: by hand. Others compare nothing',
  'implausible zero': 'HPA: believed; an outage of a provider was reported as 0 and scaled everything in [2]',
  'not yet seen': 'CEL: a missing key throws [9]. Kayenta: as without data [3]',
  'expired verdict':
    'Argo Rollouts: a run reported Successful while every measurement was Error or Failed [4]. None has a verdict that expires',
  'source renamed': 'Prometheus: `up == 0` is silent when the target vanishes [6]',
  'unknown kind': 'AuthZEN deciders and guardrails of agents: denied by default, in part',
  'constraint that cannot be evaluated':
    'Kubernetes admission: one `failurePolicy` for a webhook, Fail or Ignore. Argo Rollouts: a provider error is Error, tolerated until `consecutiveErrorLimit` (4) [4]',
  'gate just started': 'Kubernetes admission: `failurePolicy`, default Fail; Gatekeeper ships Ignore',
};

export const SOURCES: readonly string[] = [
  'kedacore/keda: prometheus_scaler.go; kedacore/keda#3065, kedacore/keda-docs#1812',
  'kubernetes: podautoscaler/metrics/client.go; kubernetes/kubernetes#104387, #99514; documentation of the HPA',
  'Kayenta: WeightedSumScorer, MannWhitneyClassifier; spinnaker/kayenta#700, #330, #421',
  'argoproj/argo-rollouts: documentation and code of analysis; #4479, #1905, #3503',
  'fluxcd/flagger: code; #1035, #883, #1098, #1501',
  'prometheus/alertmanager#2264, prometheus/prometheus#17482, openshift/cluster-monitoring-operator#298',
  'Grafana: documentation of alerting; grafana/grafana#36376, #39056, #82585, #93495',
  'OpenSLO v1; code of Pyrra and of Sloth',
  'Measured in three engines for JavaScript',
];
