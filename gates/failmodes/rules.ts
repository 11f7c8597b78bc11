import { ANALYSIS_RULES } from './kinds/analysis-template.ts';
import { CANARY_RULES } from './kinds/canary.ts';
import { CLUSTER_AUTOSCALER_RULES } from './kinds/cluster-autoscaler.ts';
import { DESCHEDULER_RULES } from './kinds/descheduler-policy.ts';
import { GRAFANA_RULES } from './kinds/grafana-rules.ts';
import { HPA_RULES } from './kinds/horizontal-pod-autoscaler.ts';
import { NODE_POOL_RULES } from './kinds/node-pool.ts';
import { NODE_REPAIR_RULES } from './kinds/node-repair.ts';
import { PDB_RULES } from './kinds/pod-disruption-budget.ts';
import { PROMETHEUS_RULES } from './kinds/prometheus-rule.ts';
import { ROLLOUT_RULES } from './kinds/rollout.ts';
import { KEDA_RULES } from './kinds/scaled-object.ts';
import { VPA_RULES } from './kinds/vertical-pod-autoscaler.ts';
import { WEBHOOK_RULES } from './kinds/webhook-configuration.ts';
import type { Rule } from './rule.ts';

export const RULES: readonly Rule[] = [
  ...HPA_RULES,
  ...KEDA_RULES,
  ...ANALYSIS_RULES,
  ...ROLLOUT_RULES,
  ...CANARY_RULES,
  ...WEBHOOK_RULES,
  ...NODE_POOL_RULES,
  ...CLUSTER_AUTOSCALER_RULES,
  ...PDB_RULES,
  ...VPA_RULES,
  ...DESCHEDULER_RULES,
  ...NODE_REPAIR_RULES,
  ...PROMETHEUS_RULES,
  ...GRAFANA_RULES,
];
