import type { FindingKind } from '../core/finding.ts';

/** What a kind of finding means to somebody who reads it at night. */
export interface KindText {
  /** After the subject: `checkout: settled in a bad state`. */
  readonly what: string;
  readonly options: readonly string[];
}

const CHANGE_THE_INTENT =
  'If this state is wanted, change the target in the constraint file: it is written by people, never learned.';
const FREEZE =
  'Stop the actor that moves it: deny its actions in the constraint file (`boundaries.actors`) while you look.';

export const KIND_TEXT: Readonly<Record<FindingKind, KindText>> = {
  'stabilised-bad-state': {
    what: 'settled in a bad state',
    options: [
      'It will not pass by itself: roll back what changed before the onset, or add capacity.',
      CHANGE_THE_INTENT,
    ],
  },
  'masked-failure': {
    what: 'a failure hidden by retries or fallbacks',
    options: ['Look at the callee that is retried, not at the caller that looks healthy.', FREEZE],
  },
  'feedback-loop': {
    what: 'automation reacts to its own effect',
    options: [FREEZE],
  },
  'intent-drift': { what: 'drifts away from intent', options: [CHANGE_THE_INTENT] },
  'local-vs-global': {
    what: "an actor's own goal got better while the whole got worse",
    options: [FREEZE],
  },
  'misread-as-normal': {
    what: 'a fault that everything learned to take for normal',
    options: [CHANGE_THE_INTENT],
  },
  'ungated-action': {
    what: 'changed by an action that no gate was asked about',
    options: ['Find who acted, and make that actor ask the gate.'],
  },
};
