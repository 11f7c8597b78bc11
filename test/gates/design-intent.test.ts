import { expect, it } from 'vitest';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { designIntentOf } from '../../gates/design-intent-of.ts';

it('takes the replicas that a constraint file allows, and nothing that it does not say', () => {
  const setOf = (name: string, boundaries: string): ConstraintSet => {
    const text = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: {name: ${name}, owner: shop}
scope: {service: ${name}}
${boundaries}`;
    return lintConstraints(text, 'x.yaml', 0).set as ConstraintSet;
  };
  const intent = designIntentOf([
    setOf('cart', 'boundaries: {replicas: {min: 2, max: 10}}'),
    setOf('db', 'boundaries: {replicas: {max: 1}}'),
    setOf('search', ''),
  ]);
  expect([...intent.services]).toEqual([
    ['cart', { replicasMin: 2, replicasMax: 10, cpuTarget: null, cpuLimitCores: null, isAutoscaled: true }],
    ['db', { replicasMin: null, replicasMax: 1, cpuTarget: null, cpuLimitCores: null, isAutoscaled: true }],
  ]);
  expect(intent.edges).toBeNull();
});
