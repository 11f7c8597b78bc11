import type { ClickHouseClient } from '@clickhouse/client';
import type { Finding, FindingKind, FindingState } from '../core/finding.ts';
import type { Reason } from '../core/verdict.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { fromJsonFloat, type JsonFloat, toJsonFloat } from './json-float.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

const FINDINGS_MAX = 1_000;

interface FindingRow {
  readonly Id: string;
  readonly Kind: FindingKind;
  readonly Subject: string;
  readonly Culprit: string | null;
  readonly State: FindingState;
  readonly OnsetAt: string;
  readonly DetectedAt: string;
  readonly ClosedAt: string | null;
  readonly Effect: string;
  readonly Confidence: JsonFloat;
  readonly Reasons: string;
  readonly Evidence: string;
  readonly Decisions: readonly string[];
}

/** The effect as JSON; a ratio may be infinite (nothing before, something now). */
interface EffectJson {
  readonly metric: string;
  readonly ratio: JsonFloat;
  readonly lower: JsonFloat;
  readonly upper: JsonFloat;
  readonly atEqualLoad: boolean;
}

/** Writes a finding over the one of the same id, if `updatedAtMs` is newer. @throws PipelineError store_* */
export async function writeFinding(
  client: ClickHouseClient,
  finding: Finding,
  updatedAtMs: number,
): Promise<void> {
  await writeRows(client, 'findings', [{ ...findingRow(finding), UpdatedAt: toClickhouseTime(updatedAtMs) }]);
}

/** Newest onset first, 1,000 at most unless told. @throws PipelineError store_unavailable */
export async function readFindings(
  client: ClickHouseClient,
  filter: { state?: FindingState | undefined; limit?: number | undefined } = {},
): Promise<Finding[]> {
  const rows = await readRows<FindingRow>(client, {
    sql: `SELECT * FROM findings FINAL WHERE {state:String} IN ('', State)
      ORDER BY OnsetAt DESC, Id LIMIT {limit:UInt32}`,
    params: { state: filter.state ?? '', limit: filter.limit ?? FINDINGS_MAX },
    about: 'findings',
  });
  return rows.map(findingOf);
}

/** Those that people closed and that have not recovered since, as far as detectors know. @throws PipelineError store_unavailable */
export async function readClosedByPeople(client: ClickHouseClient): Promise<Finding[]> {
  const rows = await readRows<FindingRow>(client, {
    sql: `SELECT * FROM findings FINAL
      WHERE State = 'closed' AND JSONHas(Evidence, 'closedBy') AND NOT JSONHas(Evidence, 'recoveredAt')`,
    params: {},
    about: 'findings that people closed',
  });
  return rows.map(findingOf);
}

export async function readFinding(client: ClickHouseClient, id: string): Promise<Finding | null> {
  const rows = await readRows<FindingRow>(client, {
    sql: 'SELECT * FROM findings FINAL WHERE Id = {id:String}',
    params: { id },
    about: `finding ${id}`,
  });
  return rows[0] === undefined ? null : findingOf(rows[0]);
}

function findingRow(finding: Finding): FindingRow {
  const { effect } = finding;
  const effectJson: EffectJson = {
    ...effect,
    ratio: toJsonFloat(effect.ratio),
    lower: toJsonFloat(effect.lower),
    upper: toJsonFloat(effect.upper),
  };
  return {
    Id: finding.id,
    Kind: finding.kind,
    Subject: finding.subject,
    Culprit: finding.culprit,
    State: finding.state,
    OnsetAt: toClickhouseTime(finding.onsetAtMs),
    DetectedAt: toClickhouseTime(finding.detectedAtMs),
    ClosedAt: finding.closedAtMs === null ? null : toClickhouseTime(finding.closedAtMs),
    Effect: JSON.stringify(effectJson),
    Confidence: toJsonFloat(finding.confidence),
    Reasons: JSON.stringify(finding.reasons),
    Evidence: JSON.stringify(finding.evidence),
    Decisions: finding.decisions,
  };
}

function findingOf(row: FindingRow): Finding {
  const effect = JSON.parse(row.Effect) as EffectJson;
  return {
    id: row.Id,
    kind: row.Kind,
    subject: row.Subject,
    culprit: row.Culprit,
    state: row.State,
    onsetAtMs: fromClickhouseTime(row.OnsetAt),
    detectedAtMs: fromClickhouseTime(row.DetectedAt),
    closedAtMs: row.ClosedAt === null ? null : fromClickhouseTime(row.ClosedAt),
    effect: {
      metric: effect.metric,
      ratio: fromJsonFloat(effect.ratio),
      lower: fromJsonFloat(effect.lower),
      upper: fromJsonFloat(effect.upper),
      atEqualLoad: effect.atEqualLoad,
    },
    confidence: fromJsonFloat(row.Confidence),
    reasons: JSON.parse(row.Reasons) as Reason[],
    evidence: JSON.parse(row.Evidence) as Record<string, unknown>,
    decisions: row.Decisions,
  };
}
