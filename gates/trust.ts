import type { ClickHouseClient } from '@clickhouse/client';
import type { Finding } from '../core/finding.ts';
import type { SamplingPurpose } from '../core/sampling/sampling-purpose.ts';
import type { Signal } from '../core/signal.ts';
import { sourceKey } from '../core/source.ts';
import { rfc3339 } from '../core/time.ts';
import type { Dimension, Outcome, Reason, Verdict } from '../core/verdict.ts';
import { readFindings } from '../store/findings.ts';
import { readFindingsMark } from '../store/read-findings-mark.ts';
import { readVerdictTimes, streamVerdicts, type VerdictTimes } from '../store/stream-verdicts.ts';
import { forPurpose } from './for-purpose.ts';

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

interface Held {
  readonly verdict: Verdict;
  readonly expiresAtMs: number;
  readonly sinceMs: number;
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

function matches(target: TrustTarget, { source }: Verdict): boolean {
  return (
    (target.serviceNamespace === null || target.serviceNamespace === source.serviceNamespace) &&
    (target.tenant === null || target.tenant === source.tenant)
  );
}

function slotKey(signal: Signal, dimension: Dimension): string {
  return `${signal}/${dimension}`;
}

/**
 * The newest verdict of every source, in memory, so that no decision waits for a database. When the store is
 * down nothing is renewed, the verdicts expire, and everything becomes unknown by itself.
 */
export class TrustState implements Trust {
  /** service name, then signal/dimension, then source. */
  readonly #services = new Map<string, Map<string, Map<string, Held>>>();
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
    const news = [...times].filter(([at, count]) => this.#seen.get(at) !== count).map(([at]) => at);
    if (news.length > 0) {
      for await (const verdicts of streamVerdicts(client, news)) this.absorb(verdicts, nowMs);
    }
    if (nowMs - this.#forgotAtMs >= FORGET_EVERY_MS) {
      this.forget(nowMs);
      this.#forgotAtMs = nowMs;
    }
    if (findingsMark !== this.#findingsMark) this.#findings = await readOpenFindings(client);
    // Of before the reading: what was written meanwhile is news the next time.
    this.#seen = times;
    this.#findingsMark = findingsMark;
    this.#isFilled = true;
  }

  absorb(verdicts: readonly Verdict[], nowMs: number): void {
    for (const verdict of verdicts) this.#take(verdict, nowMs);
  }

  #take(verdict: Verdict, nowMs: number): void {
    const slots = this.#services.get(verdict.source.serviceName) ?? new Map<string, Map<string, Held>>();
    this.#services.set(verdict.source.serviceName, slots);
    const key = slotKey(verdict.source.signal, verdict.dimension);
    const slot = slots.get(key) ?? new Map<string, Held>();
    slots.set(key, slot);
    const source = sourceKey(verdict.source);
    const before = slot.get(source);
    if (before !== undefined && before.verdict.evaluatedAtMs >= verdict.evaluatedAtMs) return;
    this.#newestMs = Math.max(this.#newestMs, verdict.evaluatedAtMs);
    // The n of a sampling verdict counts items with a weight, and spans are what is asked for.
    const isOfSpans = verdict.dimension === 'sampling' && verdict.source.signal === 'traces';
    if (isOfSpans && verdict.n > 0) this.#marked.add(verdict.source.serviceName);
    // Never valid for longer, from now on, than its judge meant: a clock ahead of ours buys no time.
    const expiresAtMs = Math.min(
      verdict.validUntilMs,
      nowMs + (verdict.validUntilMs - verdict.evaluatedAtMs),
    );
    const unchanged =
      before !== undefined &&
      before.verdict.outcome === verdict.outcome &&
      before.expiresAtMs >= verdict.evaluatedAtMs;
    slot.set(source, { verdict, expiresAtMs, sinceMs: unchanged ? before.sinceMs : verdict.evaluatedAtMs });
  }

  /** What expired long ago. */
  forget(nowMs: number): void {
    for (const [service, slots] of this.#services) {
      for (const [key, slot] of slots) {
        for (const [source, held] of slot) if (held.expiresAtMs < nowMs - FORGET_MS) slot.delete(source);
        if (slot.size === 0) slots.delete(key);
      }
      if (slots.size === 0) this.#services.delete(service);
    }
  }

  signalsOf(target: TrustTarget): readonly Signal[] {
    const signals = new Set<Signal>();
    for (const slot of this.#services.get(target.serviceName)?.values() ?? []) {
      for (const { verdict } of slot.values())
        if (matches(target, verdict)) signals.add(verdict.source.signal);
    }
    return [...signals].sort();
  }

  /** Every service of which anything is known now, and whether any of its verdicts fails. Walks all sources, in turns. */
  async serviceStates(nowMs: number): Promise<Map<string, 'pass' | 'fail'>> {
    const states = new Map<string, 'pass' | 'fail'>();
    let walked = 0;
    for (const [service, slots] of this.#services) {
      if (++walked % SERVICES_A_TURN === 0) await new Promise((resume) => setImmediate(resume));
      for (const slot of slots.values()) {
        for (const { verdict, expiresAtMs } of slot.values()) {
          if (expiresAtMs < nowMs || states.get(service) === 'fail') continue;
          states.set(service, verdict.outcome === 'fail' ? 'fail' : 'pass');
        }
      }
    }
    return states;
  }

  hasSamplingMarks(target: TrustTarget): boolean {
    return this.#marked.has(target.serviceName);
  }

  read(of: TrustQuestion, nowMs: number): TrustReading {
    const slot = this.#services.get(of.target.serviceName)?.get(slotKey(of.signal, of.dimension));
    const all = [...(slot?.values() ?? [])].filter(({ verdict }) => matches(of.target, verdict));
    const newestMs = Math.max(...all.map(({ verdict }) => verdict.evaluatedAtMs));
    // Sources nobody judges any more (an instance that was scaled in) fall out when others have been judged
    // after they expired; those judged together are taken together, the worst one speaking.
    const current = all.filter(({ expiresAtMs }) => expiresAtMs >= newestMs);
    const { purpose = null } = of;
    const asked = (reading: TrustReading) =>
      purpose === null ? reading : forPurpose(reading, purpose, nowMs);
    const worst = current.map((held) => asked(readingOf(held, nowMs))).reduce(worse, null);
    return worst ?? NO_VERDICT;
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

function readingOf({ verdict, expiresAtMs, sinceMs }: Held, nowMs: number): TrustReading {
  if (nowMs <= expiresAtMs) {
    // Parsed when somebody reads them: of what passes nobody does.
    return {
      state: verdict.outcome,
      verdict,
      get reasons() {
        return verdict.reasons;
      },
      sinceMs,
      validUntilMs: expiresAtMs,
    };
  }
  const text = `The last verdict (${verdict.outcome}) expired at ${rfc3339(expiresAtMs)} and was not renewed.`;
  const reasons = [{ code: 'VERDICT_EXPIRED', text }];
  return { state: 'unknown', verdict, reasons, sinceMs: expiresAtMs, validUntilMs: expiresAtMs };
}

function worse(left: TrustReading | null, right: TrustReading): TrustReading {
  if (left === null || BADNESS[right.state] > BADNESS[left.state]) return right;
  if (BADNESS[right.state] < BADNESS[left.state]) return left;
  // Equally bad: the wider interval is the one to show and to be judged by.
  return (right.verdict?.upper ?? Number.POSITIVE_INFINITY) >
    (left.verdict?.upper ?? Number.POSITIVE_INFINITY)
    ? right
    : left;
}
