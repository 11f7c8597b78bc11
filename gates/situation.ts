import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { DecisionRequest } from '../core/decision.ts';
import type { Incident, IncidentsKnown } from '../core/incident.ts';
import type { Log } from '../core/log.ts';
import { chooseFailMode } from './choose-fail-mode.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import type { DecideInput, DecisionBody } from './decide.ts';
import { stageOf } from './fail-modes.ts';
import { type FleetHealth, fleetHealth } from './fleet-health.ts';
import { RepairWatch } from './guardrails/repair-watch.ts';
import { IncidentWatch } from './incident-watch.ts';
import type { IntentWatch } from './intent-watch.ts';
import type { LedgerThread } from './ledger-thread.ts';
import { OverdueHolds } from './overdue-holds.ts';
import { askQuestion } from './question.ts';
import { RecentWatch } from './recent-watch.ts';
import { useRule } from './stages/use-proof.ts';
import { UseWatch } from './stages/use-watch.ts';
import type { TrustState } from './trust.ts';

export interface SituationDeps {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly trust: TrustState;
  readonly intents: IntentWatch;
  readonly sets: () => readonly ConstraintSet[];
  /** Begins the ids of this process's decisions, so that it does not read them back. */
  readonly ownPrefix: string;
}

interface Made {
  readonly decisionId: string;
  readonly decidedAtMs: number;
  readonly request: DecisionRequest;
  readonly body: DecisionBody;
}

const REFRESH_MS = 1_000;

/**
 * What a decision rests on besides trust: what was decided lately, what people opened, how everything looks, and what
 * was looked up because somebody asked. Read besides all questions; a question reads memory.
 */
export class Situation {
  readonly #deps: SituationDeps;
  readonly #recent: RecentWatch;
  readonly #incidents = new IncidentWatch();
  readonly #repairs = new RepairWatch();
  readonly #use = new UseWatch();
  readonly #overdue = new OverdueHolds();
  #health: FleetHealth | null = null;

  constructor(deps: SituationDeps) {
    this.#deps = deps;
    this.#recent = new RecentWatch(deps.ownPrefix);
  }

  /** What this replica decided before it was started anew. A ledger that cannot be read is no reason not to start. */
  restore(ledger: LedgerThread): void {
    try {
      this.#recent.restore(ledger);
    } catch (error) {
      const text =
        'What was allowed before the start cannot be read from the ledger; the store is asked for it.';
      this.#deps.log.error({ err: error }, text);
    }
  }

  /** For `decide`; asks for what this question needs looked up. */
  forQuestion(
    request: DecisionRequest,
    nowMs: number,
  ): Pick<DecideInput, 'recent' | 'health' | 'effects' | 'use'> {
    const { kind, stage } = request.action;
    if ([stageOf(kind), stage].includes('decommissioning')) this.#wantUse(request, nowMs);
    return {
      recent: this.#recent.recent,
      health: this.#health,
      effects: this.#repairs,
      use: this.#use,
    };
  }

  #wantUse(request: DecisionRequest, nowMs: number): void {
    const question = askQuestion(request, this.#deps.sets());
    if (question.target !== null) this.#use.want(useRule(question, question.target.serviceName), nowMs);
  }

  /** In the turn in which it was decided, before anybody else is: what it used up is gone. */
  take({ decisionId, decidedAtMs, request, body }: Made): void {
    const { recent } = this.#recent;
    const isOverdue = body.decision === 'hold' && body.reasons.some(({ code }) => code === 'HOLD_OVERDUE');
    const held = isOverdue ? recent.held(request) : null;
    recent.take({ decisionId, decidedAtMs, request, decision: body.decision });
    if (held === null) return;
    const { holdMaxMs } = chooseFailMode(askQuestion(request, this.#deps.sets()));
    const reason = body.reasons.find(({ severity }) => severity === 'blocking')?.text ?? '';
    this.#overdue.note({ request, decisionId, held: { ...held, times: held.times + 1 }, holdMaxMs, reason });
  }

  /** It could not be recorded, so it was not answered. */
  giveBack({ decisionId, decidedAtMs, request, body }: Made): void {
    this.#recent.recent.giveBack({ decisionId, decidedAtMs, request, decision: body.decision });
  }

  noteIncident(incident: Incident): void {
    this.#incidents.note(incident, this.#deps.now());
  }

  incidents(): IncidentsKnown {
    return this.#incidents.known(this.#deps.now());
  }

  /** Until it is stopped. What takes long does not delay what every question needs. */
  async keepFresh(): Promise<void> {
    const { client, trust, intents, sets, now } = this.#deps;
    const { recent } = this.#recent;
    await Promise.all([
      this.#everySecond('Decisions of other replicas', async () => {
        await this.#recent.refresh(client, { sets: sets(), nowMs: now() });
        await this.#incidents.refresh(client, now());
        // Nobody asks how everything looks but these.
        const isAsked = sets().some(({ guardrails }) => guardrails.massEvent !== undefined);
        if (!isAsked || !trust.isFilled) return;
        const of = { trust, findings: trust.openFindings, intents: intents.states(now()), nowMs: now() };
        this.#health = await fleetHealth(of);
      }),
      this.#everySecond('Effects of repairs and the use of services', async () => {
        await this.#repairs.refresh(client, { sets: sets(), recent, nowMs: now() });
        await this.#use.refresh(client, now());
        await this.#overdue.refresh(client, { recent, openFindings: trust.openFindings, nowMs: now() });
      }),
    ]);
  }

  async #everySecond(what: string, read: () => Promise<void>): Promise<void> {
    const { log, signal } = this.#deps;
    let isFailing = false;
    while (!signal.aborted) {
      try {
        await read();
        if (isFailing) log.info({}, `${what} are read again.`);
        isFailing = false;
      } catch (error) {
        // Once per outage: the same line every second hides all others.
        if (!isFailing) log.warn({ err: error }, `${what} cannot be read; what rests on them is unknown.`);
        isFailing = true;
      }
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }
}
