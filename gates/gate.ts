import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Decision, DecisionRequest, Outcome } from '../core/decision.ts';
import { PipelineError } from '../core/errors.ts';
import { type Incident, type IncidentsKnown, isIncidentOpen } from '../core/incident.ts';
import type { Log } from '../core/log.ts';
import { News } from '../core/news.ts';
import { storeAddressOf } from '../store/client.ts';
import type { OutcomeRow } from '../store/outcomes.ts';
import { readVerifierKeys } from './checkpoint-file.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { loadConstraints, watchConstraints } from './constraints/constraints.ts';
import { type LintResult, lintConstraints } from './constraints/lint.ts';
import { problemText } from './constraints/problem.ts';
import { decide } from './decide.ts';
import { parseDecisionRequest } from './decision-request.ts';
import { type DecisionSink, exportDecisions } from './export-decisions.ts';
import { IntentWatch } from './intent-watch.ts';
import { copyCheckpoint, keepCheckpoints } from './keep-checkpoints.ts';
import type { Undated } from './ledger-entry.ts';
import type { Checkpoint } from './ledger-line.ts';
import { LedgerThread } from './ledger-thread.ts';
import { RateWatch } from './rate-watch.ts';
import { type Approvers, readApprovers } from './receipts/approvers.ts';
import type { PublicKey } from './receipts/public-key.ts';
import { replicaSigningKey, type SigningKey } from './receipts/signing-key.ts';
import { ledgerPath } from './segment-files.ts';
import { Situation } from './situation.ts';
import { TrustState } from './trust.ts';
import { watchReviews } from './watch-reviews.ts';

export interface GateDeps {
  readonly client: ClickHouseClient;
  /** Holds the ledger. */
  readonly dataDir: string;
  /** A constraint file or a folder of them. */
  readonly constraintsPath: string | undefined;
  readonly keyFiles?: KeyFiles;
  readonly now: () => number;
  readonly log: Log;
  readonly newId?: () => string;
  /** Told when verdicts were written nearby. */
  readonly judgedNews?: News;
  /** Who else is handed every decision. */
  readonly sinks?: readonly DecisionSink[];
}

/** Where keys are, and where what was signed is copied to. */
export interface KeyFiles {
  /** A private key; else one is made in the data directory. */
  readonly signingKey?: string | undefined;
  /** People whose signature is asked for; else nobody's is. */
  readonly approvers?: string | undefined;
  /** A folder elsewhere that gets every checkpoint. */
  readonly checkpointDir?: string | undefined;
}

export interface Gate {
  /**
   * May this actor do this now? Answers from memory; waits for the disk of the ledger only.
   * @throws PipelineError request_invalid, ledger_unwritable, draining
   */
  ask(request: DecisionRequest): Promise<Decision>;
  /** As `ask`; the answer as canonical JSON, as it stands in the ledger and with its receipt. */
  askForText(request: DecisionRequest): Promise<string>;
  lint(text: string, fileName: string): LintResult;
  /** The sets in force; `origin` says from which file and which revision of it. */
  effective(): readonly ConstraintSet[];
  /** False until verdicts were read once: before that every answer would be a fail mode. */
  ready(): boolean;
  /** The newest line of the ledger: keep it elsewhere, and nobody can rewrite what came before unseen. */
  checkpoint(): Checkpoint;
  /** The ledger of the last minute, signed (C2SP tlog-checkpoint). @throws PipelineError internal, ledger_unwritable */
  signedCheckpoint(): Promise<string>;
  /** Records how a decision turned out. @throws PipelineError ledger_unwritable, draining */
  recordOutcome(outcome: Outcome): Promise<OutcomeRow>;
  /** Signs receipts, checkpoints, and acts that nobody else signs. */
  readonly signingKey: SigningKey;
  readonly approvers: Approvers;
  /** Public keys that this replica ever signed with. */
  replicaKeys(): readonly PublicKey[];
  /** What people opened, as far as it is known here. */
  incidents(): IncidentsKnown;
  /** One was opened or closed by way of this replica: it counts at once. */
  noteIncident(incident: Incident): void;
  close(): Promise<void>;
}

/** Sooner when a judge nearby says that it wrote; of judges elsewhere, half of their second. */
const REFRESH_MS = 500;
/** Judges that write without pause are not read without pause. */
const REST_MS = 100;

/**
 * The gate of one process: constraints from disk, trust from the store (renewed when a judge nearby wrote, and twice a
 * second), decisions into the ledger. While the store is down verdicts expire by themselves, so answers turn into fail
 * modes within seconds and the gate goes on answering.
 * @throws PipelineError constraints_invalid, config_invalid, data_dir_unwritable
 */
export async function createGate(deps: GateDeps): Promise<Gate> {
  const { client, dataDir, constraintsPath, now, log, keyFiles = {} } = deps;
  const approvers: Approvers =
    keyFiles.approvers === undefined ? new Map() : readApprovers(keyFiles.approvers);
  const signingKey = replicaSigningKey(dataDir, keyFiles.signingKey);
  const ownPrefix = `d_${randomUUID().slice(0, 8)}`;
  const { judgedNews = new News() } = deps;
  const { newId = () => `${ownPrefix}${randomUUID().slice(8)}` } = deps;
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
  const opening = { dataDir, signingKeyPath: keyFiles.signingKey, store: storeAddressOf(client) };
  const ledger = await LedgerThread.open(opening, log).catch((error) => {
    stopping.abort();
    throw error;
  });
  const trust = new TrustState();
  const intents = new IntentWatch();
  const situation = new Situation({
    client,
    now,
    log,
    signal,
    trust,
    intents,
    sets: () => sets,
    ownPrefix,
  });
  situation.restore(ledger);
  const situationKept = situation.keepFresh();
  const rates = new RateWatch();
  const refreshed = keepFresh({
    client,
    now,
    log,
    signal,
    trust,
    intents,
    rates,
    sets: () => sets,
    judgedNews,
  });
  const copyDir = keyFiles.checkpointDir;
  const signed = keepCheckpoints({ ledger, copyDir, log, signal });
  const refuseWhenClosing = () => {
    if (!signal.aborted) return;
    const text = 'The gate is closing. Ask another replica, or again in some seconds.';
    throw new PipelineError('draining', text);
  };
  const decideNow = (request: DecisionRequest): Undated => {
    refuseWhenClosing();
    const question = parseDecisionRequest(request);
    const decidedAtMs = now();
    const body = decide({
      request: question,
      sets,
      trust,
      findings: trust.openFindings,
      intents: intents.states(decidedAtMs),
      ...situation.forQuestion(question, decidedAtMs),
      rates: rates.rates,
      incident: isIncidentOpen(situation.incidents(), question.target['service'] ?? null),
      nowMs: decidedAtMs,
    });
    const made = { decidedAtMs, decisionId: newId(), request: question, body };
    situation.take(made); // no await before it: two questions at once must not get one last slot
    return made;
  };
  const givingBack = (made: Undated) => (error: unknown) => {
    situation.giveBack(made);
    throw error;
  };
  const exported = (deps.sinks ?? []).map((sink) => exportDecisions({ ledger, sink, dataDir, log, signal }));
  return {
    ask: async (request) => {
      const made = decideNow(request);
      return await ledger.append(made).catch(givingBack(made));
    },
    askForText: async (request) => {
      const made = decideNow(request);
      return await ledger.appendForText(made).catch(givingBack(made));
    },
    lint: (text, fileName) => lintConstraints(text, fileName, now()),
    effective: () => sets,
    ready: () => trust.isFilled,
    checkpoint: () => ledger.checkpoint(),
    signedCheckpoint: async () => (await ledger.newestCheckpoint()).note,
    async recordOutcome(outcome) {
      refuseWhenClosing();
      return await ledger.appendOutcome({ recordedAtMs: now(), outcome });
    },
    signingKey,
    approvers,
    replicaKeys: () => [signingKey.public, ...readVerifierKeys(ledgerPath(dataDir))],
    incidents: () => situation.incidents(),
    noteIncident: (incident) => situation.noteIncident(incident),
    async close() {
      stopping.abort();
      await Promise.all([refreshed, situationKept, signed, ...exported]);
      const last = await ledger.close();
      if (last !== null)
        await copyCheckpoint(last, copyDir).catch((error) =>
          log.error({ err: error }, 'The last checkpoint was not copied; it stands beside the ledger.'),
        );
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
  readonly judgedNews: News;
  readonly sets: () => readonly ConstraintSet[];
}

async function keepFresh(refreshing: Refreshing): Promise<void> {
  const { client, now, log, signal, trust, intents, rates, sets, judgedNews } = refreshing;
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
    await sleep(REST_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    await judgedNews.within(REFRESH_MS - REST_MS, signal);
  }
}
