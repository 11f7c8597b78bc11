import type { FindingKind } from '../core/finding.ts';

/** What a kind of finding means to somebody who reads it at night. */
export interface KindText {
  /** After the subject: `checkout: settled in a bad state`. */
  readonly what: string;
  /** Why it matters, and why nothing else told it. */
  readonly matters: string;
  /** What an effect is a multiple of, where it is not at equal load. */
  readonly against: string;
  /** What is said of who acted: most of it is order in time, not proof. */
  readonly acted: string;
  /** Whether stopping the actor is a thing to try. */
  readonly canFreeze: boolean;
  readonly options: readonly string[];
}

const CHANGE_THE_INTENT =
  'If this state is wanted, change the target in the constraint file: it is written by people, never learned.';
const REFERENCE = 'what it was in the accepted period';
const NOT_PROVEN = 'moved together with it: correlated, not proven';

export const KIND_TEXT: Readonly<Record<FindingKind, KindText>> = {
  'stabilised-bad-state': {
    what: 'settled in a bad state',
    matters:
      'it hardly changes any more, so that alarms on change stay silent and baselines that learn take it for normal',
    against: 'its target',
    acted: NOT_PROVEN,
    canFreeze: false,
    options: [
      'It will not pass by itself: roll back what changed before the onset, or add capacity.',
      CHANGE_THE_INTENT,
    ],
  },
  'masked-failure': {
    what: 'a failure hidden by retries or fallbacks',
    matters:
      'users see little of it while the mask holds; when its reserve is used up, they see all of it at once',
    against: REFERENCE,
    acted: NOT_PROVEN,
    canFreeze: false,
    options: [
      'Look at the callee that is retried, not at the caller that looks healthy.',
      'Leave capacity and copies as they are until it is repaired: they are what hides it.',
      'If this much of it is wanted, say so in the constraint file (`design.retries`, `design.fallbacks`, `design.cache`).',
    ],
  },
  'feedback-loop': {
    what: 'automation reacts to its own effect',
    matters: 'each action makes the next one likelier; it ends at a limit, or when somebody opens the loop',
    against: REFERENCE,
    acted: 'part of the loop',
    canFreeze: true,
    options: [
      'Slow it down: smaller steps, or a stabilisation window longer than its action takes to be seen.',
      'Give it bounds in the constraint file (`automation`), so that the loop has an end.',
    ],
  },
  'intent-drift': {
    what: 'drifts away from intent',
    matters: 'each step may have been allowed for itself; what they add up to, nobody decided',
    against: 'what was intended',
    acted: NOT_PROVEN,
    canFreeze: true,
    options: [
      'If it is not meant, set it back.',
      'If it is meant, write it into the constraint file (`design`): it is written by people, never learned.',
    ],
  },
  'local-vs-global': {
    what: "an actor's own goal got better while the whole got worse",
    matters: 'the actor reports success, and about its own goal it is right',
    against: REFERENCE,
    acted: NOT_PROVEN,
    canFreeze: true,
    options: [
      'For proof, take its last steps back for six hours and see whether the whole gets better.',
      'Give it narrower bounds in the constraint file (`automation`).',
    ],
  },
  'misread-as-normal': {
    what: 'a fault that everything learned to take for normal',
    matters: 'baselines that learn have learned it; only the accepted reference still shows the difference',
    against: REFERENCE,
    acted: NOT_PROVEN,
    canFreeze: false,
    options: [
      'Compare the releases and changes since the onset, and repair the first that made it worse.',
      'If the new level is wanted, accept it as the reference, with a name and a reason.',
    ],
  },
  'ungated-action': {
    what: 'changed by an action that no gate was asked about',
    matters: 'nobody looked at the data, the limits or open findings before it was done',
    against: 'what it was before',
    acted: 'acted, as its record says',
    canFreeze: true,
    options: [
      'Find who acted, and make that actor ask the gate.',
      'If it may act without asking, write so with bounds (`automation`: `gate: standing`).',
      'If it is not wanted, set it back.',
    ],
  },
  'overdue-hold': {
    what: 'an action is held for longer than people meant',
    matters: 'the actor goes on asking, and nothing changes until somebody looks at what holds it',
    against: 'the maximum age of a hold',
    acted: 'asks, and is held',
    canFreeze: false,
    options: [
      'Look at the decisions: each says what holds it, and what would allow it.',
      'Mend the telemetry that is missing, or do by hand what cannot wait.',
      'If this hold is right for longer, or ends otherwise, say so in the constraint file (`failureTolerance`: `holdMax`, `onHoldTimeout`).',
    ],
  },
};
