import type { Part } from '../part.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['karpenter.sh/NodePool'];
const DOCS = 'https://karpenter.sh/docs/concepts/disruption/';
/** More than this at once is no longer "less change". */
const PERCENT_MAX = 20;
const WAIT_MS_MIN = 60_000;
/** Outside working hours nothing is packed tighter; schedules are in UTC. */
const NOT_AT_NIGHT = { nodes: '0', schedule: '0 16 * * *', duration: '15h', reasons: ['Underutilized'] };

function disruptionOf({ root }: Manifest): Part {
  return root.at('spec', 'disruption');
}

function budgetsOf(manifest: Manifest): Part[] {
  return disruptionOf(manifest).at('budgets').items;
}

function isAlways(budget: Part): boolean {
  return !budget.at('schedule').isWritten;
}

/** A budget without reasons is for all of them. */
function isFor(budget: Part, reason: string): boolean {
  const reasons = budget.at('reasons').texts;
  return reasons.length === 0 || reasons.includes(reason);
}

function packsNodes(manifest: Manifest): boolean {
  return disruptionOf(manifest).at('consolidationPolicy').text !== 'WhenEmpty';
}

export const NODE_POOL_RULES: readonly Rule[] = [
  {
    id: 'KARP001',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively: 'without budgets Karpenter may disrupt 10 % of the nodes at a time, at any time',
    sources: [`${DOCS}#nodepool-disruption-budgets`],
    *check(manifest) {
      const budgets = disruptionOf(manifest).at('budgets');
      if (budgets.items.length > 0) yield fine(budgets);
      else yield wrong(budgets, 'there are no budgets', set(budgets, [{ nodes: '1' }, NOT_AT_NIGHT]));
    },
  },
  {
    id: 'KARP002',
    severity: 'error',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively:
      'of several budgets the smallest counts: when the smallest that always holds is large, so is one step of a wrong decision',
    sources: [`${DOCS}#nodes`],
    *check(manifest) {
      const standing = budgetsOf(manifest).filter((one) => isAlways(one) && isFor(one, 'Underutilized'));
      const [first] = standing;
      if (first === undefined) {
        // Only windows, or only other reasons: what holds outside of them is no limit at all.
        const budgets = disruptionOf(manifest).at('budgets');
        if (budgets.items.length === 0) return;
        const found = 'no budget holds outside the scheduled windows';
        yield wrong(budgets, found, set(budgets.at(budgets.items.length), { nodes: '1' }));
        return;
      }
      const shareOf = (one: Part) => one.at('nodes').percent ?? (one.at('nodes').isWritten ? 0 : 10);
      const smallest = standing.reduce((least, one) => (shareOf(one) < shareOf(least) ? one : least));
      const nodes = smallest.at('nodes');
      if (shareOf(smallest) <= PERCENT_MAX) yield fine(nodes);
      else yield wrong(nodes, `${nodes.text} of the nodes may go at once`, set(nodes, '10%'));
    },
  },
  {
    id: 'KARP003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively:
      'consolidationPolicy is WhenEmptyOrUnderutilized when it is left out: nodes in use are packed tighter at any hour, and nothing can stop it while data is missing',
    sources: [`${DOCS}#consolidation`, `${DOCS}#schedule`],
    *check(manifest) {
      const policy = disruptionOf(manifest).at('consolidationPolicy');
      if (!packsNodes(manifest)) {
        yield fine(policy);
        return;
      }
      const budgets = budgetsOf(manifest);
      const stops = budgets.some((one) => one.at('nodes').number === 0 && isFor(one, 'Underutilized'));
      if (stops) yield fine(policy);
      else {
        const list = disruptionOf(manifest).at('budgets');
        const standing = budgets.length === 0 ? [{ set: list.at(0).path, to: { nodes: '1' } }] : [];
        const window = set(list.at(Math.max(1, budgets.length)), NOT_AT_NIGHT);
        yield wrong(policy, 'no budget stops consolidation at any time', ...standing, window);
      }
    },
  },
  {
    id: 'KARP004',
    severity: 'info',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively:
      'consolidateAfter is 0s when it is left out: a false scale-down takes the nodes with it within seconds',
    sources: [`${DOCS}#consolidation`],
    *check(manifest) {
      const after = disruptionOf(manifest).at('consolidateAfter');
      if (after.text === 'Never' || (after.durationMs ?? 0) >= WAIT_MS_MIN) yield fine(after);
      else yield wrong(after, `consolidateAfter is ${after.text ?? 'left out'}`, set(after, '10m'));
    },
  },
  {
    id: 'KARP005',
    severity: 'warning',
    kinds: KINDS,
    stage: 'routing',
    actions: ['drain'],
    natively:
      'expireAfter is 720h when it is left out: an expired node is drained at once, whatever the budgets say and whatever else is wrong',
    sources: [`${DOCS}#expiration`],
    *check({ root, version }) {
      if (version === 'v1beta1') return; // there it stands under disruption, and heeds the budgets
      const expire = root.at('spec', 'template', 'spec', 'expireAfter');
      if (expire.text === 'Never') yield fine(expire);
      else yield wrong(expire, `expireAfter is ${expire.text ?? 'left out (720h)'}`, set(expire, 'Never'));
    },
  },
  {
    id: 'KARP006',
    severity: 'info',
    kinds: KINDS,
    stage: 'routing',
    actions: ['drain'],
    natively:
      'after terminationGracePeriod pods are deleted, whatever their PodDisruptionBudget or do-not-disrupt says',
    sources: [`${DOCS}#terminationgraceperiod`],
    *check({ root }) {
      const grace = root.at('spec', 'template', 'spec', 'terminationGracePeriod');
      if (!grace.isWritten) yield fine(grace);
      else yield wrong(grace, `terminationGracePeriod is ${grace.text}`, { remove: grace.path });
    },
  },
];
