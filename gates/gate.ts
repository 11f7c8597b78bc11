import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import { PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { loadConstraints, watchConstraints } from './constraints/constraints.ts';
import { type LintResult, lintConstraints } from './constraints/lint.ts';
import { problemText } from './constraints/problem.ts';
import { decide } from './decide.ts';
import { parseDecisionRequest } from './decision-request.ts';
import { forwardDecisions } from './forward-decisions.ts';
import { IntentWatch } from './intent-watch.ts';
import { Ledger } from './ledger.ts';
import type { Checkpoint } from './ledger-line.ts';
import { RateWatch } from './rate-watch.ts';
import { TrustState } from './trust.ts';
import { watchReviews } from './watch-reviews.ts';

export interface GateDeps {
  readonly client: ClickHouseClient;
  /** Holds the ledger. */
  readonly dataDir: string;
  /** A constraint file or a folder of them. */
  readonly constraintsPath: string | undefined;
  readonly now: () => number;
  readonly log: Log;
  readonly newId?: () => string;
}

export interface Gate {
  /**
   * May this actor do this now? Answers from memory; waits for the disk of the ledger only.
   * @throws PipelineError request_invalid, ledger_unwritable, draining
   */
  ask(request: DecisionRequest): Promise<Decision>;
  lint(text: string, fileName: string): LintResult;
  /** The sets in force; `origin` says from which file and which revision of it. */
  effective(): readonly ConstraintSet[];
  /** False until verdicts were read once: before that every answer would be a fail mode. */
  ready(): boolean;
  /** The newest line of the ledger: keep it elsewhere, and nobody can rewrite what came before unseen. */
  checkpoint(): Checkpoint;
  close(): Promise<void>;
}

const REFRESH_MS = 1_000;

/**
 * The gate of one process: constraints from disk, trust from the store (renewed every second), decisions into
 * the ledger. While the store is down verdicts expire by themselves, so answers turn into fail modes within
 * seconds and the gate goes on answering.
 * @throws PipelineError constraints_invalid, data_dir_unwritable
 */
export async function createGate(deps: GateDeps): Promise<Gate> {
  const { client, dataDir, constraintsPath, now, log, newId = () => `d_${randomUUID()}` } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  let sets: readonly ConstraintSet[] = loadConstraints(constraintsPath, now());
  if (constraintsPath !== undefined) {
    watchConstraints({
      path: constraintsPath,
      now,
      signal,
      onChange: (changed) => {
        sets = changed;
        const inForce = changed.map(({ metadata, origin }) => `${metadata.name}@${origin.revision}`);
        log.info({ sets: inForce }, 'These constraints are in force.');
      },
      onProblem: (problem) => log.warn({ severity: problem.severity }, problemText(problem)),
    });
  }
  watchReviews({ sets: () => sets, now, log, signal });
  const ledger = new Ledger(dataDir);
  const trust = new TrustState();
  const intents = new IntentWatch();
  const rates = new RateWatch();
  const refreshed = keepFresh({ client, now, log, signal, trust, intents, rates, sets: () => sets });
  const forwarded = forwardDecisions({ ledger, client, log, signal });
  return {
    async ask(request) {
      if (signal.aborted) {
        throw new PipelineError(
          'draining',
          'The gate is closing. Ask another replica, or again in some seconds.',
        );
      }
      const question = parseDecisionRequest(request);
      const decidedAtMs = now();
      const body = decide({
        request: question,
        sets,
        trust,
        findings: trust.openFindings,
        intents: intents.states(decidedAtMs),
        rates: rates.rates,
        nowMs: decidedAtMs,
      });
      return ledger.append({ decidedAtMs, decisionId: newId(), request: question, body });
    },
    lint: (text, fileName) => lintConstraints(text, fileName, now()),
    effective: () => sets,
    ready: () => trust.isFilled,
    checkpoint: () => ledger.checkpoint(),
    async close() {
      stopping.abort();
      await Promise.all([refreshed, forwarded]);
      await ledger.close();
    },
  };
}

interface Refreshing {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly trust: TrustState;
  readonly intents: IntentWatch;
  readonly rates: RateWatch;
  readonly sets: () => readonly ConstraintSet[];
}

async function keepFresh(refreshing: Refreshing): Promise<void> {
  const { client, now, log, signal, trust, intents, rates, sets } = refreshing;
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await trust.refresh(client, now());
      await intents.refresh(client, { sets: sets(), nowMs: now() });
      // Not waited for: verdicts must not age behind a slow count. What cannot be read ages into unknown, and why the
      // store does not answer is said by the others.
      void rates.refresh(client, { sets: sets(), nowMs: now() }).catch(() => undefined);
      if (isFailing) log.info({}, 'Verdicts are read again.');
      isFailing = false;
    } catch (error) {
      // Once per outage: the same line every second hides all others.
      if (!isFailing)
        log.warn({ err: error }, 'Verdicts cannot be read; they expire, and fail modes answer.');
      isFailing = true;
    }
    await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}
