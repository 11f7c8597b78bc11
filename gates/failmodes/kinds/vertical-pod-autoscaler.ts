import type { Part } from '../part.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';
import { haveOneTarget } from './workloads.ts';

const KINDS = ['autoscaling.k8s.io/VerticalPodAutoscaler'];
const DOCS = 'kubernetes/autoscaler: vertical-pod-autoscaler/docs';

function modeOf({ root }: Manifest): Part {
  return root.at('spec', 'updatePolicy', 'updateMode');
}

/** Recreate when it is left out; Auto is the same by an older name. */
function evicts(manifest: Manifest): boolean {
  return !['Off', 'Initial'].includes(modeOf(manifest).text ?? 'Recreate');
}

function vpaResources({ root }: Manifest): string[] {
  const policies = root.at('spec', 'resourcePolicy', 'containerPolicies').items;
  const controlled = policies.filter((policy) => policy.at('controlledResources').isWritten);
  if (policies.length === 0 || controlled.length < policies.length) return ['cpu', 'memory'];
  return controlled.flatMap((policy) => policy.at('controlledResources').texts);
}

function scaledResources({ kind, root }: Manifest): string[] {
  if (kind === 'ScaledObject')
    return root.at('spec', 'triggers').items.map((one) => one.at('type').text ?? '');
  const metrics = root.at('spec', 'metrics').items;
  if (metrics.length === 0) return ['cpu']; // what an HPA without metrics is given
  return metrics.flatMap(
    (metric) => metric.at('resource', 'name').text ?? metric.at('containerResource', 'name').text ?? [],
  );
}

export const VPA_RULES: readonly Rule[] = [
  {
    id: 'VPA001',
    severity: 'error',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['rightsize.down'],
    natively:
      'a VPA and a horizontal autoscaler on the same resource feed each other: smaller requests read as more utilisation, more replicas as less need',
    sources: [`${DOCS}/known-limitations.md`],
    *check(manifest, all) {
      const mode = modeOf(manifest);
      const own = vpaResources(manifest);
      for (const scaler of all) {
        if (!['HorizontalPodAutoscaler', 'ScaledObject'].includes(scaler.kind)) continue;
        if (!haveOneTarget(manifest, scaler)) continue;
        const shared = scaledResources(scaler).filter((resource) => own.includes(resource));
        if (mode.text === 'Off' || shared.length === 0) yield fine(mode);
        else {
          const found = `${scaler.kind} ${scaler.name} scales the same workload on ${[...new Set(shared)].join(', ')}`;
          yield wrong(mode, found, set(mode, 'Off'));
        }
      }
    },
  },
  {
    id: 'VPA002',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['rightsize.down'],
    natively:
      'updateMode is Recreate when it is left out (Auto before): running pods are evicted to be made smaller whenever the recommendation says so',
    sources: [`${DOCS}/quickstart.md`],
    *check(manifest) {
      const mode = modeOf(manifest);
      if (!evicts(manifest)) yield fine(mode);
      else yield wrong(mode, `updateMode is ${mode.text ?? 'left out'}`, set(mode, 'Initial'));
    },
  },
  {
    id: 'VPA003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.many'],
    natively:
      'with minReplicas 1 the only replica may be evicted (the updater asks for two unless told otherwise)',
    sources: [`${DOCS}/features.md`, `${DOCS}/flags.md`],
    *check(manifest) {
      const least = manifest.root.at('spec', 'updatePolicy', 'minReplicas');
      if (!evicts(manifest)) return;
      if ((least.number ?? 2) > 1) yield fine(least);
      else yield wrong(least, `minReplicas is ${least.number}`, set(least, 2));
    },
  },
  {
    id: 'VPA004',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['rightsize.down'],
    natively:
      'without minAllowed the recommendation has no floor of its own: little usage in the history, little is requested',
    sources: [`${DOCS}/features.md`],
    *check(manifest) {
      if (modeOf(manifest).text === 'Off') return;
      const policies = manifest.root.at('spec', 'resourcePolicy', 'containerPolicies');
      const floored = policies.items.filter(
        (one) => one.at('minAllowed').isWritten || one.at('mode').text === 'Off',
      );
      if (policies.items.length > 0 && floored.length === policies.items.length) yield fine(policies);
      else {
        const bare = policies.items.find((one) => !floored.includes(one));
        const minAllowed = { cpu: '100m', memory: '128Mi' };
        const fix =
          bare === undefined
            ? set(policies.at(0), { containerName: '*', minAllowed })
            : set(bare.at('minAllowed'), minAllowed);
        yield wrong(bare ?? policies, 'there is no minAllowed', fix);
      }
    },
  },
];
