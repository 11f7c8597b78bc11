import type { ActorAtWork } from './actors-at-work.ts';
import type { GlobalSignal } from './global-signals.ts';
import type { HarmShare } from './share-of-harm.ts';
import type { Signal } from './signal.ts';

/** What an actor gains, and how that is known. */
export interface Gain {
  readonly signal: Signal;
  /** null: declared by its owner; else from what improved after its actions, or from what such a knob is turned for. */
  readonly inferredFrom: { readonly improved: number; readonly actions: number } | 'knob' | null;
}

/** A loss that passes through the service an actor works on. */
export interface Trade {
  readonly work: ActorAtWork;
  readonly gain: Gain;
  readonly ownChange: number;
  readonly loss: GlobalSignal;
  readonly lossChange: number;
  readonly harmShare: HarmShare;
  readonly dose: number | null;
  readonly placeboP: number;
  readonly atMinute: number;
}
