import type { GlobalObjective, RequestObjective } from '../../core/system-history.ts';
import type { ConstraintSet } from './constraint-set.ts';
import type { GlobalObjectiveText } from './design-sections.ts';
import { type MeasuredSli, mapOpenSlo } from './open-slo/map-open-slo.ts';

type Measured =
  | { readonly ofAll: GlobalObjective; readonly ofRequests?: undefined }
  | { readonly ofAll?: undefined; readonly ofRequests: RequestObjective };

/** What the SLI of an objective measures; null where it cannot be read. */
export function sliOf({ sli, target }: GlobalObjectiveText): MeasuredSli | null {
  if (sli === undefined || sli.file !== undefined) return null;
  if (sli.apiVersion !== undefined) {
    const mapped = mapOpenSlo(sli, target);
    return 'sli' in mapped ? mapped.sli : null;
  }
  if (sli.good === undefined || target === undefined) return null;
  return {
    metric: 'success',
    min: target.value,
    max: null,
    service: sli.service ?? null,
    route: sli.route ?? null,
    ...sli.good,
  };
}

/**
 * Whether it is about everything that users ask for, as histories hold it: an error is a status of 500 and more, and
 * a service that nobody in the system calls is where users come in.
 */
export function isOfAllUsers(
  { service, route, statusBelow, durationMsBelow }: MeasuredSli,
  edges: readonly string[],
): boolean {
  const isEntry =
    service === null ||
    (edges.some((edge) => edge.startsWith(`${service}->`)) &&
      !edges.some((edge) => edge.endsWith(`->${service}`)));
  return (
    isEntry && route === null && durationMsBelow === null && (statusBelow === null || statusBelow === 500)
  );
}

/** Whether it is about everything that one service answers, as histories hold it: a share of good requests, and no less of them. */
export function isOfAllRequests({ metric, min, route, statusBelow, durationMsBelow }: MeasuredSli): boolean {
  const isOfSome = route !== null || durationMsBelow !== null;
  return metric === 'success' && min !== null && !isOfSome && (statusBelow === null || statusBelow === 500);
}

/** Objectives of a set that are given as an SLI; those that could not be read were refused where the file was read. */
export function measuredSlis(
  { metadata, objectives, scope }: ConstraintSet,
  edges: readonly string[],
): Measured[] {
  return objectives.global.flatMap((objective): Measured[] => {
    const sli = sliOf(objective);
    if (sli === null) return [];
    const { metric, min, max, service, route, statusBelow, durationMsBelow } = sli;
    const constraint = `${metadata.name}/${objective.id}`;
    const base = { constraint, metric, min, max, ratioToReferenceMax: objective.maxRatioToReference ?? null };
    if (isOfAllUsers(sli, edges)) return [{ ofAll: base }];
    const requests = { service: service ?? scope.service, route, statusBelow, durationMsBelow };
    return [{ ofRequests: { ...base, ...requests } }];
  });
}
