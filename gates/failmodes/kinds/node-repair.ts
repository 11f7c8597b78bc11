import type { Part } from '../part.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';

const EKS = 'https://docs.aws.amazon.com/eks/latest/APIReference/API_NodeRepairConfig.html';
const HEALTH_CHECK = 'https://cluster-api.sigs.k8s.io/tasks/automated-machine-management/healthchecking';
const PERCENT_MAX = 40;

/** Of eksctl's node groups, or of one node group of the AWS controllers. */
function repairsOf({ root }: Manifest): Part[] {
  const groups = root.at('managedNodeGroups').items.map((group) => group.at('nodeRepairConfig'));
  return [...groups, root.at('spec', 'nodeRepairConfig')].filter(
    (repair) => repair.at('enabled').flag === true,
  );
}

export const NODE_REPAIR_RULES: readonly Rule[] = [
  {
    id: 'REP001',
    severity: 'warning',
    kinds: ['eksctl.io/ClusterConfig', 'eks.services.k8s.aws/Nodegroup'],
    stage: 'recovery',
    actions: ['restart.many'],
    natively:
      'without a maxUnhealthyNodeThreshold of its own the group says nothing of when too many nodes look bad to believe it',
    sources: [EKS],
    *check(manifest) {
      for (const repair of repairsOf(manifest)) {
        const percent = repair.at('maxUnhealthyNodeThresholdPercentage');
        const count = repair.at('maxUnhealthyNodeThresholdCount');
        const isLow = percent.number !== null && percent.number <= PERCENT_MAX;
        if (isLow || (count.isWritten && !percent.isWritten)) yield fine(repair);
        else if (percent.isWritten) {
          yield wrong(percent, `repair goes on with ${percent.number} % unhealthy`, set(percent, 20));
        } else yield wrong(repair, 'there is no maxUnhealthyNodeThreshold', set(percent, 20));
      }
    },
  },
  {
    id: 'REP002',
    severity: 'error',
    kinds: ['cluster.x-k8s.io/MachineHealthCheck', 'machine.openshift.io/MachineHealthCheck'],
    stage: 'recovery',
    actions: ['restart.many'],
    natively: 'maxUnhealthy is 100% when it is left out: machines are replaced however many look bad at once',
    sources: [HEALTH_CHECK],
    *check({ root }) {
      const range = root.at('spec', 'unhealthyRange');
      const later = root.at('spec', 'remediation', 'triggerIf', 'unhealthyLessThanOrEqualTo');
      const most = later.isWritten ? later : root.at('spec', 'maxUnhealthy');
      if (range.isWritten || (most.percent ?? (most.number === null ? 100 : 0)) <= PERCENT_MAX)
        yield fine(most);
      else yield wrong(most, `maxUnhealthy is ${most.text ?? 'left out (100%)'}`, set(most, '40%'));
    },
  },
];
