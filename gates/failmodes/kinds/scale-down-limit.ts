import type { Part } from '../part.ts';

/** At most a tenth of the replicas a minute, and not before five minutes agree. */
export const SLOW_SCALE_DOWN = {
  stabilizationWindowSeconds: 300,
  policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
};

/**
 * Whether one period may take every replica: the default policy does, 100 % in 15 s.
 * @param scaleDown `behavior.scaleDown`, written or not
 */
export function takesEverything(scaleDown: Part): boolean {
  const select = scaleDown.at('selectPolicy').text ?? 'Max';
  if (select === 'Disabled') return false;
  const policies = scaleDown.at('policies').items;
  if (policies.length === 0) return true;
  const isAll = (policy: Part) =>
    policy.at('type').text === 'Percent' && (policy.at('value').number ?? 0) >= 100;
  return select === 'Min' ? policies.every(isAll) : policies.some(isAll);
}
