import { nearestName } from '../../core/nearest-name.ts';
import type { Signal } from '../../core/signal.ts';
import { rfc3339 } from '../../core/time.ts';
import { builtInFailMode, stageOf } from '../fail-modes.ts';
import { lintPolicies } from '../policies/lint-policies.ts';
import { checkTests } from '../trials/given-facts.ts';
import { checkDesign } from './check-design.ts';
import { checkGuardrails } from './check-guardrails.ts';
import { checkHolds } from './check-holds.ts';
import { checkObjectives } from './check-objectives.ts';
import type { ConstraintFile } from './constraint-set.ts';
import { mismatch as error, type Mismatch } from './mismatch.ts';
import { checkNotify } from './notify-section.ts';

function repeated(values: readonly string[]): { index: number; firstIndex: number }[] {
  return values.flatMap((value, index) => {
    const firstIndex = values.indexOf(value);
    return firstIndex === index ? [] : [{ index, firstIndex }];
  });
}

function checkSources({ sources, intent }: ConstraintFile): Mismatch[] {
  const sourceIds = sources.map(({ id }) => id);
  const intentIds = intent.map(({ id }) => id);
  return [
    ...repeated(sourceIds).map(({ index }) =>
      error(['sources', index, 'id'], `source id "${sourceIds[index]}" is used twice`, 'give it another id'),
    ),
    ...repeated(intentIds).map(({ index }) =>
      error(['intent', index, 'id'], `intent id "${intentIds[index]}" is used twice`, 'give it another id'),
    ),
    ...repeated(sources.map(({ signal }) => signal)).map(({ index, firstIndex }) =>
      error(
        ['sources', index, 'signal'],
        `the ${sources[index]?.signal} of this service are declared twice (already as "${sourceIds[firstIndex]}")`,
        `merge it into source "${sourceIds[firstIndex]}"`,
      ),
    ),
  ];
}

const MEASURED: Readonly<Record<'completeness' | 'sampling', readonly Signal[]>> = {
  completeness: ['traces'],
  sampling: ['traces', 'logs'],
};

/** Completeness is counted over the call graph, which only traces have; data points are never sampled. */
function checkMeasurable({ sources }: ConstraintFile): Mismatch[] {
  return sources.flatMap(({ signal, expect }, index) =>
    (['completeness', 'sampling'] as const)
      .filter((promise) => !MEASURED[promise].includes(signal) && expect[promise] !== undefined)
      .map((promise) =>
        error(
          ['sources', index, 'expect', promise],
          `the ${promise} of ${signal} is not measured: it would be unknown for ever`,
          `say lag or heartbeat, or expect it of ${MEASURED[promise].join(' or ')}`,
        ),
      ),
  );
}

/** Made from spans by a Collector or a trace store: whatever was sampled away is not in them. */
const SPAN_METRICS = /^(traces?[._-]?span[._-]?metrics|span_?metrics|calls(_total)?$|traces_service_graph)/;

function checkCounters({ sources }: ConstraintFile): Mismatch[] {
  return sources.flatMap(({ expect: { sampling } }, index): Mismatch[] => {
    if (sampling?.counter === undefined) return [];
    const path = ['sources', index, 'expect', 'sampling', 'counter'];
    const { metric } = sampling.counter;
    if (sampling.declared === 'none') {
      const message = 'a counter is held against sampled spans, and these declare no sampling';
      return [error(path, message, 'write declared: consistent, or drop the counter')];
    }
    if (!SPAN_METRICS.test(metric)) return [];
    const message = `${metric} is made from spans: it counts what was sampled and proves nothing`;
    const hint = 'name a metric that the service or its load balancer counts by itself';
    return [error([...path, 'metric'], message, hint)];
  });
}

/** Purposes that stay unknown for ever, so that what asks for them would be held for ever. */
function checkPurposes({ sources }: ConstraintFile): Mismatch[] {
  return sources.flatMap(({ expect: { sampling } }, index): Mismatch[] => {
    const { declared, for: written, counter, maxRelError } = sampling ?? {};
    const at = (key: string) => ['sources', index, 'expect', 'sampling', key];
    const warning = (path: Mismatch['path'], message: string, hint: string): Mismatch[] => [
      { path, message, hint, severity: 'warning' },
    ];
    if (maxRelError !== undefined && (declared === 'none' || maxRelError < 0.001)) {
      const message =
        declared === 'none'
          ? 'of spans that nothing samples there are no adjusted counts to be near'
          : 'counts are never shown to be nearer than 0.1 %: they would be unknown for ever';
      const hint = declared === 'none' ? 'write declared: consistent, or drop it' : 'write it like "10%"';
      return [error(at('maxRelError'), message, hint)];
    }
    if (declared === 'none' && written !== undefined && written !== 'existence') {
      const message = `for: ${written} is never known of spans that nothing samples: they carry no weight, and none is not 1`;
      const hint = 'let an always-on consistent sampler write th:0 and declare consistent, or drop for';
      return warning(at('for'), message, hint);
    }
    if (counter?.counts === 'spans' && (written === undefined || written === 'counts')) {
      const message = 'a counter of all spans is not held against requests: counts are never known by it';
      return warning([...at('counter'), 'counts'], message, 'name a counter of requests or roots');
    }
    return [];
  });
}

/** Another path to the same number must be another source, and one that is there. */
function checkIndependence({ sources }: ConstraintFile): Mismatch[] {
  const known = sources.map(({ id }) => id);
  return sources.flatMap(({ id, independentOf }, index) =>
    independentOf.flatMap((other, position) => {
      const path = ['sources', index, 'independentOf', position];
      if (other === id) return [error(path, `${id} is not independent of itself`, 'name another source')];
      if (known.includes(other)) return [];
      const nearest = nearestName(other, known);
      const hint =
        nearest === null ? `sources of this file: ${known.join(', ')}` : `did you mean "${nearest}"?`;
      return [error(path, `source "${other}" is not declared`, hint)];
    }),
  );
}

function checkStages({ stages, sources }: ConstraintFile): Mismatch[] {
  const known = sources.map(({ id }) => id);
  return Object.entries(stages).flatMap(([stage, of]) =>
    (of?.requireSources ?? []).flatMap((id, index) => {
      if (known.includes(id)) return [];
      const nearest = nearestName(id, known);
      const hint =
        nearest === null
          ? `sources of this file: ${known.join(', ') || 'none; declare one under sources'}`
          : `did you mean "${nearest}"?`;
      return [error(['stages', stage, 'requireSources', index], `source "${id}" is not declared`, hint)];
    }),
  );
}

function checkIntent({ intent }: ConstraintFile): Mismatch[] {
  return intent.flatMap(({ expr, target: { comparator, value } }, index) => {
    const path = ['intent', index, 'target'];
    const isRatio = expr.endsWith('ratio');
    const healthy = isRatio ? '>=' : '<=';
    if (comparator !== healthy) {
      const message = `${expr} "${comparator} ${value}" would be missed by a healthier service`;
      return [error(path, message, `turn it round: "${healthy} ${value}"`)];
    }
    if (isRatio && (value > 1 || value <= 0)) {
      return [
        error(path, `${expr} lies between 0 and 1: ">= ${value}" says nothing`, 'write it like ">= 0.99"'),
      ];
    }
    if (!isRatio && value <= 0) {
      return [error(path, `no call takes "<= ${value}" ms`, 'write it like "<= 250" (milliseconds)')];
    }
    return [];
  });
}

function checkBoundaries({ boundaries: { replicas } }: ConstraintFile): Mismatch[] {
  const { min, max } = replicas ?? {};
  if (min === undefined || max === undefined || min <= max) return [];
  const message = `replicas min ${min} is above max ${max}: no size would be allowed`;
  return [error(['boundaries', 'replicas', 'min'], message, 'swap them')];
}

function checkCeilings({ boundaries: { ceilings } }: ConstraintFile): Mismatch[] {
  return ceilings.flatMap(({ of, min, max }, index) => {
    const name = of.join('.');
    if (min === undefined && max === undefined) {
      return [
        error(['boundaries', 'ceilings', index], `nothing is said about ${name}`, 'say max, min or both'),
      ];
    }
    if (min === undefined || max === undefined || min <= max) return [];
    const message = `${name} min ${min} is above max ${max}: nothing would be allowed`;
    return [error(['boundaries', 'ceilings', index, 'min'], message, 'swap them')];
  });
}

function checkTolerance({ failureTolerance }: ConstraintFile): Mismatch[] {
  return Object.entries(failureTolerance.kinds).flatMap(
    ([kind, { unknown, cap, onHoldTimeout }]): Mismatch[] => {
      const path = ['failureTolerance', kind, 'unknown'];
      if (unknown === 'allow-capped' && cap === undefined) {
        return [error(path, `${kind}: allow-capped needs a cap`, 'add cap: "+50%"')];
      }
      if (![unknown, onHoldTimeout].includes('allow-capped') && cap !== undefined) {
        return [
          error(
            ['failureTolerance', kind, 'cap'],
            `${kind}: a cap goes with allow-capped only`,
            'drop the cap, or write unknown: allow-capped',
          ),
        ];
      }
      const builtIn = builtInFailMode({ kind, stage: stageOf(kind) });
      if (!unknown.startsWith('allow') || builtIn.unknown !== 'deny') return [];
      const message = `${kind} would be allowed on unknown data; built in is deny: ${builtIn.why}`;
      return [
        { path, message, hint: 'write unknown: hold or deny, unless this is meant', severity: 'warning' },
      ];
    },
  );
}

function checkReview({ metadata: { reviewBy } }: ConstraintFile, nowMs: number): Mismatch[] {
  if (reviewBy === undefined || reviewBy >= nowMs) return [];
  const message = `the review of these constraints was due on ${rfc3339(reviewBy).slice(0, 10)}`;
  const hint = 'check that they still hold, then move reviewBy';
  return [{ path: ['metadata', 'reviewBy'], message, hint, severity: 'warning' }];
}

/** Everything a schema cannot see: references between parts, contradictions, dates that have passed. */
export function crossChecks(file: ConstraintFile, nowMs: number): Mismatch[] {
  return [
    ...checkSources(file),
    ...checkMeasurable(file),
    ...checkCounters(file),
    ...checkPurposes(file),
    ...checkIndependence(file),
    ...checkStages(file),
    ...checkIntent(file),
    ...checkBoundaries(file),
    ...checkCeilings(file),
    ...checkTolerance(file),
    ...checkGuardrails(file),
    ...checkDesign(file),
    ...checkObjectives(file),
    ...checkHolds(file),
    ...lintPolicies(file),
    ...checkTests(file),
    ...checkNotify(file),
    ...checkReview(file, nowMs),
  ];
}
