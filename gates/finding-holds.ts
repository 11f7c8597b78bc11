import type { Stage } from '../core/decision.ts';
import type { FindingKind } from '../core/finding.ts';

/** Which actions an open finding of a kind holds, because they feed what was found or spend what is left. */
export interface FindingHold {
  readonly finding: FindingKind;
  /** Globs over `action.kind`. */
  readonly actions: readonly string[];
  readonly stages: readonly Stage[];
  /** `culprit`: only of the actors that the finding names; where it names none, of everybody. */
  readonly by: 'anyone' | 'culprit';
  readonly suspects: boolean;
}

const LESS_CAPACITY = ['scale.down', 'scale.in', 'scale.to_zero'];

/**
 * What holds where people wrote nothing. An action whose built-in fail mode is an allow goes the safe direction (more
 * capacity, the known-good version, traffic given back) and is never held by a row of this table: too little capacity
 * is an outage, a loop that adds it is money. An ungated action holds nothing: who does not ask cannot be held.
 */
export const BUILT_IN_HOLDS: readonly FindingHold[] = [
  {
    finding: 'stabilised-bad-state',
    actions: LESS_CAPACITY,
    stages: ['optimisation'],
    by: 'anyone',
    suspects: false,
  },
  {
    // What hides a failure is capacity, copies and a second try: none of it may be taken away while it hides one.
    finding: 'masked-failure',
    actions: [...LESS_CAPACITY, 'capacity.cut', 'capacity.remove', 'quota.lower'],
    stages: ['decommissioning'],
    by: 'anyone',
    suspects: false,
  },
  { finding: 'feedback-loop', actions: ['*'], stages: [], by: 'culprit', suspects: false },
  {
    finding: 'intent-drift',
    actions: ['config.*', 'limit.*'],
    stages: ['optimisation'],
    by: 'culprit',
    suspects: false,
  },
  {
    // Weights and sizes are the tools of optimisers too.
    finding: 'local-vs-global',
    actions: [...LESS_CAPACITY, 'weight.*', 'shift.*'],
    stages: ['optimisation'],
    by: 'culprit',
    suspects: false,
  },
  // Whoever tunes a service whose fault passes for normal tunes to the fault.
  { finding: 'misread-as-normal', actions: [], stages: ['optimisation'], by: 'anyone', suspects: false },
];

/** What is the matter, after the subject of the finding. */
export const FINDING_SAYS: Readonly<Record<FindingKind, string>> = {
  'stabilised-bad-state': 'has settled in a bad state',
  'masked-failure': 'has a failure that retries, fallbacks or spare copies hide',
  'feedback-loop': 'is moved by automation that reacts to its own effect',
  'intent-drift': 'drifts away from what people intended',
  'local-vs-global': 'is tuned for a goal of its own while the whole gets worse',
  'misread-as-normal': 'has a fault that is taken for normal',
  'ungated-action': 'was changed by an action that no gate was asked about',
  'overdue-hold': 'has an action that is held for longer than people meant',
};
