import type { Part } from '../part.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['descheduler/DeschedulerPolicy'];
const README = 'https://github.com/kubernetes-sigs/descheduler/blob/master/README.md';
const LIMITS = ['maxNoOfPodsToEvictPerNode', 'maxNoOfPodsToEvictPerNamespace', 'maxNoOfPodsToEvictTotal'];

/** The arguments of DefaultEvictor in each profile; in v1alpha1 they stand at the top. */
function evictorArgs({ root }: Manifest): Part[] {
  const profiles = root.at('profiles').items;
  if (profiles.length === 0) return [root];
  return profiles.map((profile) => {
    const configs = profile.at('pluginConfig');
    const found = configs.items.find((config) => config.at('name').text === 'DefaultEvictor');
    return (found ?? configs.at(configs.items.length)).at('args');
  });
}

/** Sets an argument of DefaultEvictor, whose entry may have to be made. */
function setArgument(args: Part, name: string, to: unknown, { root }: Manifest) {
  if (args.isWritten || args.path.length === 0) return set(args.at(name), to);
  const entry = args.path.slice(0, -1);
  const written = root.at(...entry);
  return written.isWritten
    ? set(args.at(name), to)
    : { set: entry, to: { name: 'DefaultEvictor', args: { [name]: to } } };
}

/** @param protection its name in `podProtections`, which took the place of the flag */
function* evicts(manifest: Manifest, flag: string, protection: string): Generator<Place> {
  for (const args of evictorArgs(manifest)) {
    const asked = args.at(flag);
    const disabled = args.at('podProtections', 'defaultDisabled');
    const named = disabled.items.find(({ text }) => text === protection);
    if (asked.flag === true) yield wrong(asked, `${flag} is true`, set(asked, false));
    else if (named !== undefined) {
      const kept = disabled.texts.filter((one) => one !== protection);
      yield wrong(named, `the protection ${protection} is disabled`, set(disabled, kept));
    } else yield fine(args);
  }
}

export const DESCHEDULER_RULES: readonly Rule[] = [
  {
    id: 'DESC001',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively: 'without a limit any number of pods may be evicted in one run',
    sources: [`${README}#top-level-configuration`],
    *check({ root }) {
      const limit = LIMITS.map((name) => root.at(name)).find(({ isWritten }) => isWritten);
      if (limit !== undefined) yield fine(limit);
      else
        yield wrong(
          root.at('kind'),
          'no maxNoOfPodsToEvict… is set',
          set(root.at('maxNoOfPodsToEvictPerNode'), 2),
        );
    },
  },
  {
    id: 'DESC002',
    severity: 'error',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.many'],
    natively: 'pods of any priority are evicted, those of the system (DNS, metrics, this observer) too',
    sources: [`${README}#evictor-plugin-configuration-default-evictor`],
    check: (manifest) => evicts(manifest, 'evictSystemCriticalPods', 'SystemCriticalPods'),
  },
  {
    id: 'DESC003',
    severity: 'error',
    kinds: KINDS,
    stage: 'decommissioning',
    actions: ['delete'],
    natively: 'pods with local storage are evicted, and what they stored is gone',
    sources: [`${README}#evictor-plugin-configuration-default-evictor`],
    check: (manifest) => evicts(manifest, 'evictLocalStoragePods', 'PodsWithLocalStorage'),
  },
  {
    id: 'DESC004',
    severity: 'warning',
    kinds: KINDS,
    stage: 'optimisation',
    actions: ['consolidate'],
    natively:
      'nodeFit is false when it is left out: a pod is evicted without looking whether another node can take it',
    sources: [`${README}#node-fit-filtering`],
    *check(manifest) {
      for (const args of evictorArgs(manifest)) {
        const fit = args.at('nodeFit');
        if (fit.flag === true) yield fine(fit);
        else yield wrong(fit, 'nodeFit is not set', setArgument(args, 'nodeFit', true, manifest));
      }
    },
  },
];
