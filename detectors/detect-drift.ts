import type { DriftEpisode } from '../core/drift-episode.ts';
import { detectFeedbackLoop } from './drift/feedback-loop.ts';
import { detectIntentDrift } from './drift/intent-drift.ts';
import { detectLocalVsGlobal } from './drift/local-vs-global.ts';
import { detectMaskedFailure } from './drift/masked-failure.ts';
import { detectMisreadAsNormal } from './drift/misread-as-normal.ts';
import { detectSettledBadState } from './drift/settled-bad-state.ts';
import { detectUngatedAction } from './drift/ungated-action.ts';
import type { SystemView } from './equal-load/system-view.ts';

type Detector = (view: SystemView) => DriftEpisode[];

const DETECTORS: readonly Detector[] = [
  detectLocalVsGlobal,
  detectSettledBadState,
  detectFeedbackLoop,
  detectMisreadAsNormal,
  detectMaskedFailure,
  detectIntentDrift,
  detectUngatedAction,
];

/** Every kind of drift of one system, in order of detection. */
export function detectDrift(view: SystemView): DriftEpisode[] {
  return DETECTORS.flatMap((detect) => detect(view)).sort((a, b) => a.detectedMinute - b.detectedMinute);
}
