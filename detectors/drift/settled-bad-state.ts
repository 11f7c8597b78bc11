import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { ServiceHistory } from '../../core/system-history.ts';
import { loadCells, NO_CELL } from '../equal-load/cells.ts';
import { BIN_MINUTES_MIN } from '../equal-load/freeze-metric.ts';
import { eachCell } from '../equal-load/frozen-cells.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import { callGraph } from './settled-bad-state/call-graph.ts';
import { degradedWitnesses } from './settled-bad-state/degraded-witnesses.ts';
import { errorSignal, errorWitnesses } from './settled-bad-state/error-witnesses.ts';
import { type Cause, findCause, freezeCauses } from './settled-bad-state/find-cause.ts';
import { freezeMasks, hiddenBy } from './settled-bad-state/hidden-by.ts';
import { latencySignal, latencyWitnesses } from './settled-bad-state/latency-witnesses.ts';
import { pinnedWitnesses } from './settled-bad-state/pinned-witnesses.ts';
import type { Witness } from './settled-bad-state/witness.ts';

/** A shorter accepted period has no daily round to compare with. */
const ACCEPTED_MINUTES_MIN = 4 * 1_440;

/** Witnesses of one cause, in order of detection; what is said of it rests on the first. */
interface Group {
  readonly cause: Cause;
  readonly first: Witness;
  readonly services: Set<string>;
  closedMinute: number | null;
}

/**
 * A bad state that has settled: loads are back where the system was good, whatever set it off is over or unknown, and
 * it stays bad. Slower or failing at equal load, pinned at the largest pool, going on without a dependency that answers.
 * @see drift.md section 3.2
 */
export function detectSettledBadState(view: SystemView): DriftEpisode[] {
  const { fromMinute, untilMinute } = view.accepted;
  if (untilMinute - fromMinute < ACCEPTED_MINUTES_MIN) return [];
  if (view.isFreezing) {
    freezeCauses(view);
    freezeMasks(view);
  }
  const signals = new Map(
    [...view.history.services.values()].map((service) => [
      service.name,
      {
        latency: latencySignal(view, service),
        errors: errorSignal(view, service, () => knownLoads(view, service)),
      },
    ]),
  );
  const witnesses = [...view.history.services.values()].flatMap((service) => {
    const { latency, errors } = signals.get(service.name) as {
      latency: ReturnType<typeof latencySignal>;
      errors: ReturnType<typeof errorSignal>;
    };
    return [
      ...(latency === null ? [] : latencyWitnesses(view, service.name, latency)),
      ...(errors === null ? [] : errorWitnesses(view, service.name, errors)),
      ...degradedWitnesses(view, service),
      ...pinnedWitnesses(view, service),
    ];
  });
  const badness = (service: string, from: number, until: number): number => {
    const of = signals.get(service);
    const latency = of?.latency == null ? 0 : of.latency.residuals.mean(from, until) / of.latency.limit();
    const errors = of?.errors == null ? 0 : of.errors.mean(from, until) / of.errors.limit();
    return Math.max(latency || 0, errors || 0);
  };
  return grouped(view, witnesses, badness).map((group) => episodeOf(view, group));
}

/** 1 in minutes at a load that was seen for long enough in the accepted period. @returns null: cannot say */
function knownLoads(view: SystemView, { name, series: { requests } }: ServiceHistory): Uint8Array | null {
  if (requests === undefined) return null;
  const cells = loadCells(requests);
  const loads = view.frozen(`loads of ${name}`, (accepted) => {
    const seen: number[] = [];
    eachCell(requests, cells, { ...accepted, minutesMin: BIN_MINUTES_MIN }, (bin) => seen.push(bin));
    return seen;
  });
  if (loads === null) return null;
  const isSeen = new Set(loads);
  const known = Uint8Array.from(cells.keys, (bin) => (isSeen.has(bin) ? 1 : 0));
  const minutes = new Uint8Array(cells.ids.length);
  for (let minute = 0; minute < minutes.length; minute++) {
    const id = cells.ids[minute] as number;
    minutes[minute] = id === NO_CELL ? 0 : (known[id] as number);
  }
  return minutes;
}

/** One cause, one group: what is named the same, or lies on the way to or from what is named while it is open. */
function grouped(
  view: SystemView,
  witnesses: readonly Witness[],
  badness: (service: string, from: number, until: number) => number,
): Group[] {
  const groups: Group[] = [];
  for (const witness of [...witnesses].sort((a, b) => a.detectedMinute - b.detectedMinute)) {
    const graph = callGraph(view.history.edges, witness.detectedMinute);
    const cause = findCause(view, witness, graph, badness);
    const group = groups.find(
      (one) =>
        (one.closedMinute === null || one.closedMinute >= witness.detectedMinute) &&
        (one.cause.subject === cause.subject ||
          [...one.services].some(
            (member) => graph.reaches(member, witness.service) || graph.reaches(witness.service, member),
          )),
    );
    if (group === undefined) {
      const services = new Set([witness.service, ...cause.subject.split('->')]);
      groups.push({ cause, first: witness, services, closedMinute: witness.closedMinute });
      continue;
    }
    if (group.closedMinute !== null) {
      group.closedMinute =
        witness.closedMinute === null ? null : Math.max(group.closedMinute, witness.closedMinute);
    }
  }
  return groups;
}

const TO_DO: Readonly<Record<Cause['code'] | 'pinned' | 'degraded', string>> = {
  'cache-loop':
    'Take load off until the cache has filled again, and give it back slowly; restoring it at once can tip it over again.',
  'retry-loop':
    'Limit retries to a budget or stop them for some minutes, and give load back slowly; more load or a restart of callers feeds the loop.',
  callee: 'Look at the service named first: those that call it only wait for it.',
  itself:
    'Compare what runs now with what ran in the accepted period (instances, place, configuration); nothing here will learn this as normal.',
  pinned: 'Raise the limit or take work off: the autoscaler would, and may not.',
  degraded: 'Check the breaker or fallback at the caller, and let it try again: the dependency answers.',
};

function episodeOf(view: SystemView, { cause, first, services, closedMinute }: Group): DriftEpisode {
  const { onsetMinute, detectedMinute } = first;
  const around = new Set([
    ...services,
    ...callGraph(view.history.edges, detectedMinute)
      .callers(first.service)
      .map(({ from }) => from),
  ]);
  const isRelated = (event: { readonly service: string; readonly minute: number }) =>
    around.has(event.service) && event.minute >= onsetMinute - 60 && event.minute < detectedMinute;
  const actions = view.history.actions.filter(isRelated);
  const toDo =
    first.what === 'pinned'
      ? 'pinned'
      : first.what === 'fallbacks' || first.what === 'calls-missing'
        ? 'degraded'
        : cause.code;
  return {
    kind: 'stabilised-bad-state',
    subject: cause.subject,
    culprit: cause.loop,
    onsetMinute,
    detectedMinute,
    confirmedMinute: first.confirmedMinute,
    closedMinute,
    effect: first.effect,
    confidence: first.confidence,
    hiddenBy: hiddenBy(view, around, Math.max(onsetMinute, detectedMinute - 60), detectedMinute),
    actors: [...new Set(actions.map(({ actor }) => actor))],
    decisions: actions.flatMap(({ decisionId }) => decisionId ?? []),
    reasons: [
      { code: first.what, text: first.text },
      {
        code: cause.code,
        text:
          cause.loop !== null
            ? `It keeps itself going: ${cause.loop}.`
            : cause.code === 'callee'
              ? `It comes from ${cause.subject}, which ${first.service} waits for.`
              : `No loop is seen that feeds it; it shows at ${cause.subject} first.`,
      },
      { code: 'what-to-do', text: TO_DO[toDo] },
    ],
    evidence: {
      seenAt: first.service,
      blockMinutes: first.rung.blockMinutes,
      ...first.evidence,
      ...cause.evidence,
    },
    falsifiedBy: `A day in which ${first.service} is back inside its band (${first.what}) at the loads of the accepted period without anybody's doing, or a cause outside of ${cause.subject} that lasts as long.`,
  };
}
