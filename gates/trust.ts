import type { ClickHouseClient } from '@clickhouse/client';
import type { Finding } from '../core/finding.ts';
import type { SamplingPurpose } from '../core/sampling/sampling-purpose.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { rfc3339 } from '../core/time.ts';
import { DIMENSIONS, type Dimension, type Outcome, type Reason, type Verdict } from '../core/verdict.ts';
import { readFindings } from '../store/findings.ts';
import { readFindingsMark } from '../store/read-findings-mark.ts';
import { readVerdictTimes, streamVerdicts, type VerdictTimes } from '../store/stream-verdicts.ts';
import { type VerdictRows, verdictKey } from '../store/verdict-rows.ts';
import { forPurpose } from './for-purpose.ts';
import { TrustSlot } from './trust-slot.ts';

/** Whose data; a namespace or tenant left out (null) means any. */
export interface TrustTarget {
  readonly serviceName: string;
  readonly serviceNamespace: string | null;
  readonly tenant: string | null;
}

/** What is known now about one dimension of a target's signal. Unknown always has a reason. */
export interface TrustReading {
  readonly state: Outcome;
  /** The verdict that decides: the worst of the target's sources; null when there never was one. */
  readonly verdict: Verdict | null;
  readonly reasons: readonly Reason[];
  /** When it became so; null without a verdict. */
  readonly sinceMs: number | null;
  /** When it stops to hold; null without a verdict. */
  readonly validUntilMs: number | null;
}

/** What is asked of the trust state. */
export interface TrustQuestion {
  readonly target: TrustTarget;
  readonly signal: Signal;
  readonly dimension: Dimension;
  /** Of sampling: what its spans are taken for; left out: that their marks hold together. */
  readonly purpose?: SamplingPurpose | null;
}

/** What `decide` reads; TrustState is the live one, a table of verdicts serves a replay. */
export interface Trust {
  read(of: TrustQuestion, nowMs: number): TrustReading;
  /** Signals about which anything was ever judged. */
  signalsOf(target: TrustTarget): readonly Signal[];
  /** Whether the spans carry, or once carried, marks that say how many they stand for. */
  hasSamplingMarks(target: TrustTarget): boolean;
}

const FIRST_LOOK_BACK_MS = 600_000;
/**
 * Several judges write: one may commit an older verdict after another's newer one. What comes later than this was
 * renewed meanwhile, before what we hold expires.
 */
const OVERLAP_MS = 10_000;
/** An expired verdict is kept for this long, so that a hold can say when its data went away. */
const FORGET_MS = 3_600_000;
/** Walks all sources. */
const FORGET_EVERY_MS = 60_000;
/** Services walked in one turn of the event loop: questions wait for less than a millisecond. */
const SERVICES_A_TURN = 500;

const BADNESS: Readonly<Record<Outcome, number>> = { pass: 0, unknown: 1, fail: 2 };

function matches(target: TrustTarget, { source }: TrustSlot): boolean {
  return (
    (target.serviceNamespace === null || target.serviceNamespace === source.serviceNamespace) &&
    (target.tenant === null || target.tenant === source.tenant)
  );
}

/** Of one service: by signal and dimension, the slots of its sources. */
type ServiceSlots = (TrustSlot[] | undefined)[];

const SIGNALS_SORTED = [...SIGNALS].sort();

/** What a newer judge writes and we do not know has a place of its own, for which nobody asks. */
function indexOf(signal: Signal, dimension: Dimension): number {
  return (SIGNALS_SORTED.indexOf(signal) + 1) * (DIMENSIONS.length + 1) + DIMENSIONS.indexOf(dimension) + 1;
}

/**
 * The newest verdict of every source, in memory, so that no decision waits for a database. When the store is
 * down nothing is renewed, the verdicts expire, and everything becomes unknown by itself.
 */
export class TrustState implements Trust {
  readonly #services = new Map<string, ServiceSlots>();
  /** By `verdictKey`. */
  readonly #slots = new Map<string, TrustSlot>();
  readonly #marked = new Set<string>();
  #newestMs = Number.NEGATIVE_INFINITY;
  #findings: readonly Finding[] = [];
  /** How many verdicts of each of the last times were read. */
  #seen: VerdictTimes = new Map();
  #findingsMark = '';
  #forgotAtMs = Number.NEGATIVE_INFINITY;
  #isFilled = false;

  /** Whether the store was ever read. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Findings that are confirmed, or of which nothing can be said for want of data, as of the last refresh. */
  get openFindings(): readonly Finding[] {
    return this.#findings;
  }

  /** @throws PipelineError store_unavailable; what was known before stays, until it expires */
  async refresh(client: ClickHouseClient, nowMs: number): Promise<void> {
    // A judge with a fast clock must not move our look-back past the others.
    const sinceMs = Math.max(Math.min(this.#newestMs, nowMs) - OVERLAP_MS, nowMs - FIRST_LOOK_BACK_MS);
    const [times, findingsMark] = await Promise.all([
      readVerdictTimes(client, sinceMs),
      readFindingsMark(client),
    ]);
    const news = new Map([...times].filter(([at, count]) => this.#seen.get(at) !== count));
    if (news.size > 0) {
      for await (const rows of streamVerdicts(client, news)) this.#absorbRows(rows, nowMs);
    }
    if (nowMs - this.#forgotAtMs >= FORGET_EVERY_MS) {
      await this.forget(nowMs);
      this.#forgotAtMs = nowMs;
    }
    if (findingsMark !== this.#findingsMark) this.#findings = await readOpenFindings(client);
    // Of before the reading: what was written meanwhile is news the next time.
    this.#seen = times;
    this.#findingsMark = findingsMark;
    this.#isFilled = true;
  }

  absorb(verdicts: readonly Verdict[], nowMs: number): void {
    for (const verdict of verdicts) {
      const slot = this.#slotOf(verdictKey(verdict), verdict);
      if (slot.renew(verdict, nowMs)) this.#note(slot, verdict);
    }
  }

  /** Of what is known already no object is made but the key. */
  #absorbRows(rows: VerdictRows, nowMs: number): void {
    while (rows.next()) {
      const { key } = rows;
      const slot = this.#slots.get(key) ?? this.#slotOf(key, rows.about);
      if (slot.renew(rows, nowMs)) this.#note(slot, rows);
    }
  }

  #slotOf(key: string, { source, dimension }: Pick<Verdict, 'source' | 'dimension'>): TrustSlot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = new TrustSlot({ key, source, dimension });
    this.#slots.set(key, slot);
    const service = this.#services.get(source.serviceName) ?? [];
    this.#services.set(source.serviceName, service);
    const index = indexOf(source.signal, dimension);
    const slots = service[index] ?? [];
    service[index] = slots;
    slots.push(slot);
    return slot;
  }

  #note(slot: TrustSlot, by: Verdict | VerdictRows): void {
    this.#newestMs = Math.max(this.#newestMs, slot.evaluatedAtMs);
    // The n of a sampling verdict counts items with a weight, and spans are what is asked for.
    const isOfSpans = slot.dimension === 'sampling' && slot.source.signal === 'traces';
    if (isOfSpans && by.n > 0) this.#marked.add(slot.source.serviceName);
  }

  /** What expired long ago. Walks all sources, in turns. */
  async forget(nowMs: number): Promise<void> {
    const isOver = (slot: TrustSlot) => slot.expiresAtMs < nowMs - FORGET_MS;
    let walked = 0;
    for (const [name, service] of this.#services) {
      if (++walked % SERVICES_A_TURN === 0) await new Promise((resume) => setImmediate(resume));
      for (const [index, slots] of service.entries()) {
        if (!slots?.some(isOver)) continue;
        for (const slot of slots) if (isOver(slot)) this.#slots.delete(slot.key);
        const left = slots.filter((slot) => !isOver(slot));
        service[index] = left.length === 0 ? undefined : left;
      }
      if (service.every((slots) => slots === undefined)) this.#services.delete(name);
    }
  }

  signalsOf(target: TrustTarget): readonly Signal[] {
    const service = this.#services.get(target.serviceName);
    if (service === undefined) return [];
    return SIGNALS_SORTED.filter((signal) => {
      const first = indexOf(signal, DIMENSIONS[0]);
      for (let index = first; index < first + DIMENSIONS.length; index++) {
        for (const slot of service[index] ?? []) if (matches(target, slot)) return true;
      }
      return false;
    });
  }

  /** Every service of which anything is known now, and whether any of its verdicts fails. Walks all sources, in turns. */
  async serviceStates(nowMs: number): Promise<Map<string, 'pass' | 'fail'>> {
    const states = new Map<string, 'pass' | 'fail'>();
    let walked = 0;
    for (const [name, service] of this.#services) {
      if (++walked % SERVICES_A_TURN === 0) await new Promise((resume) => setImmediate(resume));
      for (const slots of service) {
        for (const { outcome, expiresAtMs } of slots ?? []) {
          if (expiresAtMs < nowMs || states.get(name) === 'fail') continue;
          states.set(name, outcome === 'fail' ? 'fail' : 'pass');
        }
      }
    }
    return states;
  }

  hasSamplingMarks(target: TrustTarget): boolean {
    return this.#marked.has(target.serviceName);
  }

  read(of: TrustQuestion, nowMs: number): TrustReading {
    const { target, purpose = null } = of;
    const slots = this.#services.get(target.serviceName)?.[indexOf(of.signal, of.dimension)];
    if (slots === undefined) return NO_VERDICT;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const slot of slots) {
      if (slot.evaluatedAtMs > newestMs && matches(target, slot)) newestMs = slot.evaluatedAtMs;
    }
    let worst: TrustSlot | null = null;
    let worstBadness = Number.NEGATIVE_INFINITY;
    for (const slot of slots) {
      // Sources nobody judges any more (an instance that was scaled in) fall out when others have been judged
      // after they expired; those judged together are taken together, the worst one speaking.
      if (slot.expiresAtMs < newestMs || !matches(target, slot)) continue;
      const state = purpose === null ? stateOf(slot, nowMs) : readingOf(slot, { purpose, nowMs }).state;
      // Equally bad: the wider interval is the one to show and to be judged by.
      const isWider = worst === null || slot.upper > worst.upper;
      if (BADNESS[state] < worstBadness || (BADNESS[state] === worstBadness && !isWider)) continue;
      worst = slot;
      worstBadness = BADNESS[state];
    }
    return worst === null ? NO_VERDICT : readingOf(worst, { purpose, nowMs });
  }
}

async function readOpenFindings(client: ClickHouseClient): Promise<Finding[]> {
  const states = (['confirmed', 'cannot-say'] as const).map((state) => readFindings(client, { state }));
  return (await Promise.all(states)).flat();
}

const NO_VERDICT: TrustReading = {
  state: 'unknown',
  verdict: null,
  reasons: [{ code: 'NO_VERDICT', text: 'Nothing was judged yet.' }],
  sinceMs: null,
  validUntilMs: null,
};

function stateOf({ outcome, expiresAtMs }: TrustSlot, nowMs: number): Outcome {
  return nowMs <= expiresAtMs ? outcome : 'unknown';
}

function readingOf(
  slot: TrustSlot,
  { purpose, nowMs }: { readonly purpose: SamplingPurpose | null; readonly nowMs: number },
): TrustReading {
  const reading = plainReadingOf(slot, nowMs);
  return purpose === null ? reading : forPurpose(reading, purpose, nowMs);
}

/**
 * Reasons are parsed when somebody reads them: of what passes nobody does. A class, because a getter in an object
 * literal is a hidden class of its own each time, which holds the verdict until the whole heap is collected.
 */
class ValidReading implements TrustReading {
  readonly state: Outcome;
  readonly verdict: Verdict;
  readonly sinceMs: number;
  readonly validUntilMs: number;

  constructor(verdict: Verdict, { sinceMs, expiresAtMs }: TrustSlot) {
    this.state = verdict.outcome;
    this.verdict = verdict;
    this.sinceMs = sinceMs;
    this.validUntilMs = expiresAtMs;
  }

  get reasons(): readonly Reason[] {
    return this.verdict.reasons;
  }
}

function plainReadingOf(slot: TrustSlot, nowMs: number): TrustReading {
  const { expiresAtMs } = slot;
  const verdict = slot.verdict();
  if (nowMs <= expiresAtMs) return new ValidReading(verdict, slot);
  const text = `The last verdict (${verdict.outcome}) expired at ${rfc3339(expiresAtMs)} and was not renewed.`;
  const reasons = [{ code: 'VERDICT_EXPIRED', text }];
  return { state: 'unknown', verdict, reasons, sinceMs: expiresAtMs, validUntilMs: expiresAtMs };
}
