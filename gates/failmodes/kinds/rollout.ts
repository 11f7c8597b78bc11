import type { Part } from '../part.ts';
import { fine, type Manifest, type Rule, set, wrong } from '../rule.ts';

const KINDS = ['argoproj.io/Rollout'];
const DOCS = 'https://argo-rollouts.readthedocs.io/en/stable/features';
const ANALYSIS = { templates: [{ templateName: 'success-rate' }] };

function canaryOf({ root }: Manifest): Part {
  return root.at('spec', 'strategy', 'canary');
}

function stepsOf(canary: Part): Part[] {
  return canary.at('steps').items;
}

function isAnalysis(step: Part): boolean {
  return step.at('analysis').isWritten || step.at('experiment', 'analyses').isWritten;
}

/** A pause without duration waits for a person. */
function isPerson(step: Part): boolean {
  return step.at('pause').isWritten && !step.at('pause', 'duration').isWritten;
}

export const ROLLOUT_RULES: readonly Rule[] = [
  {
    id: 'ARGO020',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively: 'without analysis and without a pause for a person the canary advances by the clock alone',
    sources: [`${DOCS}/canary/`],
    *check(manifest) {
      const canary = canaryOf(manifest);
      if (!canary.isWritten) return;
      const steps = stepsOf(canary);
      if (canary.at('analysis').isWritten || steps.some((step) => isAnalysis(step) || isPerson(step))) {
        yield fine(canary);
        return;
      }
      const last = canary.at('steps', steps.length);
      yield wrong(canary, 'nothing judges the canary', set(last, { analysis: ANALYSIS }));
    },
  },
  {
    id: 'ARGO021',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['rollout.advance'],
    natively:
      'a background analysis does not hold a step: when the steps are done, the run is ended and counts as Successful, whatever it has measured so far',
    sources: [
      'argoproj/argo-rollouts: analysis/analysis.go',
      'https://github.com/argoproj/argo-rollouts/issues/1329',
    ],
    *check(manifest) {
      const canary = canaryOf(manifest);
      const background = canary.at('analysis');
      if (!background.isWritten) return;
      const steps = stepsOf(canary);
      if (steps.some((step) => isAnalysis(step) || isPerson(step))) yield fine(background);
      else {
        const last = canary.at('steps', steps.length);
        const found = 'the only analysis runs in the background';
        yield wrong(background, found, set(last, { analysis: ANALYSIS }));
      }
    },
  },
  {
    id: 'ARGO022',
    severity: 'error',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['promote'],
    natively:
      'autoPromotionEnabled is true when it is left out: as soon as its pods are ready, the new version gets all traffic',
    sources: [`${DOCS}/bluegreen/#autopromotionenabled`],
    *check({ root }) {
      const blueGreen = root.at('spec', 'strategy', 'blueGreen');
      if (!blueGreen.isWritten) return;
      const isAutomatic = blueGreen.at('autoPromotionEnabled').flag !== false;
      if (!isAutomatic || blueGreen.at('prePromotionAnalysis').isWritten) yield fine(blueGreen);
      else {
        const analysis = set(blueGreen.at('prePromotionAnalysis'), ANALYSIS);
        const found = 'it is promoted without prePromotionAnalysis';
        yield wrong(blueGreen, found, analysis);
      }
    },
  },
  {
    id: 'ARGO023',
    severity: 'warning',
    kinds: KINDS,
    stage: 'deployment',
    actions: ['promote'],
    natively:
      'as the documentation of prePromotionAnalysis has it, an analysis that still runs after autoPromotionSeconds is marked Successful, and the new version gets all traffic',
    sources: [`${DOCS}/analysis/#bluegreen-pre-promotion-analysis`],
    *check({ root }) {
      const blueGreen = root.at('spec', 'strategy', 'blueGreen');
      const seconds = blueGreen.at('autoPromotionSeconds');
      if (!blueGreen.at('prePromotionAnalysis').isWritten) return;
      if ((seconds.number ?? 0) <= 0) yield fine(seconds);
      else yield wrong(seconds, `${seconds.number} s end the analysis`, { remove: seconds.path });
    },
  },
];
