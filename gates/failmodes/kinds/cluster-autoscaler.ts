import { Part } from '../part.ts';
import { fine, type Manifest, type Place, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['apps/Deployment'];
const FLAGS = 'kubernetes/autoscaler: cluster-autoscaler/config/flags/flags.go';
const FAQ = 'https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md';

/** The words of its command line, each where it stands; null when it is no cluster-autoscaler. */
function wordsOf({ root }: Manifest): { words: Part[]; list: Part } | null {
  for (const container of root.at('spec', 'template', 'spec', 'containers').items) {
    const words = [...container.at('command').items, ...container.at('args').items];
    const isIt =
      words.some(({ text }) => /(^|\/)cluster-autoscaler$/.test(text ?? '')) ||
      /\/cluster-autoscaler(-\w+)?(:|@|$)/.test(container.at('image').text ?? '');
    const list = container.at('args').isWritten ? container.at('args') : container.at('command');
    if (isIt) return { words, list };
  }
  return null;
}

/** A flag as `--name=value`, `--name value` or, when it is true, `--name`; the last one counts. */
function flagOf(words: readonly Part[], name: string): { at: Part; value: Part } | null {
  let found: { at: Part; value: Part } | null = null;
  for (const [index, at] of words.entries()) {
    const match = new RegExp(`^--?${name}(?:=(.*))?$`, 's').exec(at.text ?? '');
    if (match === null) continue;
    const next = words[index + 1]?.text;
    const value = match[1] ?? (next === undefined || next?.startsWith('-') ? 'true' : next);
    found = { at, value: new Part(value, at.path) };
  }
  return found;
}

/** @param isWrong told the value of the flag; a flag that is left out has a sound default. */
function flagCheck(name: string, isWrong: (value: Part) => boolean, sound: string): Rule['check'] {
  return function* check(manifest): Generator<Place> {
    const line = wordsOf(manifest);
    if (line === null) return;
    const flag = flagOf(line.words, name);
    if (flag === null || !isWrong(flag.value)) yield fine(flag?.at ?? line.list);
    else yield wrong(flag.at, `--${name} is ${flag.value.text}`, set(flag.at, `--${name}=${sound}`));
  };
}

export const CLUSTER_AUTOSCALER_RULES: readonly Rule[] = [
  {
    id: 'CA001',
    severity: 'error',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.many'],
    natively:
      'it halts when more than 45 % of the nodes (and more than 3) look unready; a higher limit lets it remove nodes while the observer may be wrong',
    sources: [FLAGS, FAQ],
    check: flagCheck('max-total-unready-percentage', (value) => (value.number ?? 0) > 45, '45'),
  },
  {
    id: 'CA002',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['restart.many'],
    natively:
      'up to ok-total-unready-count nodes (3) may look unready before max-total-unready-percentage is asked at all',
    sources: [FLAGS],
    check: flagCheck('ok-total-unready-count', (value) => (value.number ?? 0) > 3, '3'),
  },
  {
    id: 'CA003',
    severity: 'warning',
    kinds: KINDS,
    stage: 'provisioning',
    actions: ['capacity.remove'],
    natively:
      'a node goes when it was not needed for scale-down-unneeded-time (10m): shorter, and a false scale-down takes it with it',
    sources: [FLAGS, FAQ],
    check: flagCheck('scale-down-unneeded-time', (value) => (value.durationMs ?? 600_000) < 600_000, '10m'),
  },
  {
    id: 'CA004',
    severity: 'warning',
    kinds: KINDS,
    stage: 'routing',
    actions: ['drain'],
    natively: 'nodes with pods of kube-system (DNS, metrics) are drained like any other',
    sources: [FLAGS],
    check: flagCheck('skip-nodes-with-system-pods', (value) => value.flag === false, 'true'),
  },
  {
    id: 'CA005',
    severity: 'error',
    kinds: KINDS,
    stage: 'decommissioning',
    actions: ['delete'],
    natively: 'nodes are removed together with the local storage of their pods',
    sources: [FLAGS, FAQ],
    check: flagCheck('skip-nodes-with-local-storage', (value) => value.flag === false, 'true'),
  },
  {
    id: 'CA006',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['reimage'],
    natively: 'nodes that look failed are deleted even below the least size of their group',
    sources: [FLAGS],
    check: flagCheck('force-delete-failed-nodes', (value) => value.flag === true, 'false'),
  },
  {
    id: 'CA007',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['reimage'],
    natively: 'nodes that have not registered are deleted even below the least size of their group',
    sources: [FLAGS],
    check: flagCheck('force-delete-unregistered-nodes', (value) => value.flag === true, 'false'),
  },
  {
    id: 'CA008',
    severity: 'warning',
    kinds: KINDS,
    stage: 'recovery',
    actions: ['reimage'],
    natively:
      'a node that looks unready goes after scale-down-unready-time (20m): shorter, and a lost heartbeat is enough',
    sources: [FLAGS],
    check: flagCheck('scale-down-unready-time', (value) => (value.durationMs ?? 1_200_000) < 600_000, '20m'),
  },
];
