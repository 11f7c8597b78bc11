import type { ClickHouseClient } from '@clickhouse/client';
import type { FindingKind } from '../core/finding.ts';
import type { Feedback, FindingAct, FindingActName } from '../core/finding-act.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface ActRow {
  readonly Id: string;
  readonly FindingId: string;
  readonly Act: FindingActName;
  readonly At: string;
  readonly By: string;
  readonly Reason: string;
  readonly Until: string | null;
  readonly Feedback: Feedback | '';
  readonly Kind: FindingKind;
  readonly Subject: string;
  readonly Metric: string;
  readonly HeldAgainst: string;
  readonly EffectSize: number | null;
}

/** Appends what a person did. @throws PipelineError store_* */
export async function insertFindingActs(
  client: ClickHouseClient,
  acts: readonly FindingAct[],
): Promise<void> {
  await writeRows(
    client,
    'finding_acts',
    acts.map((act) => ({ ...rowOf(act) })),
  );
}

/** Of these findings, the oldest first. @throws PipelineError store_unavailable */
export async function readFindingActs(
  client: ClickHouseClient,
  findingIds: readonly string[],
): Promise<FindingAct[]> {
  if (findingIds.length === 0) return [];
  const rows = await readRows<ActRow>(client, {
    sql: 'SELECT * FROM finding_acts FINAL WHERE FindingId IN {ids:Array(String)} ORDER BY At, Id',
    params: { ids: findingIds },
    about: 'finding_acts',
  });
  return rows.map(actOf);
}

/** Every close by a person, by finding; the first one of each counts. @throws PipelineError store_unavailable */
export async function readCloses(client: ClickHouseClient): Promise<Map<string, FindingAct>> {
  const rows = await readRows<ActRow>(client, {
    sql: "SELECT * FROM finding_acts FINAL WHERE Act = 'close' ORDER BY At DESC, Id DESC",
    params: {},
    about: 'closes of findings',
  });
  return new Map(rows.map((row) => [row.FindingId, actOf(row)]));
}

/** What people thought of findings, the last word of each finding in [fromMs, untilMs). @throws PipelineError store_unavailable */
export async function readFeedback(
  client: ClickHouseClient,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): Promise<FindingAct[]> {
  const rows = await readRows<ActRow>(client, {
    sql: `SELECT * FROM finding_acts FINAL WHERE Act = 'feedback'
      AND At >= {from:DateTime64(3, 'UTC')} AND At < {until:DateTime64(3, 'UTC')}
      ORDER BY At DESC, Id DESC LIMIT 1 BY FindingId`,
    params: { from: toClickhouseTime(fromMs), until: toClickhouseTime(untilMs) },
    about: 'feedback on findings',
  });
  return rows.map(actOf);
}

function rowOf(act: FindingAct): ActRow {
  return {
    Id: act.id,
    FindingId: act.findingId,
    Act: act.act,
    At: toClickhouseTime(act.atMs),
    By: act.by,
    Reason: act.reason,
    Until: act.untilMs === null ? null : toClickhouseTime(act.untilMs),
    Feedback: act.feedback ?? '',
    Kind: act.kind,
    Subject: act.subject,
    Metric: act.metric,
    HeldAgainst: act.constraint,
    EffectSize: act.effectSize,
  };
}

function actOf(row: ActRow): FindingAct {
  return {
    id: row.Id,
    findingId: row.FindingId,
    act: row.Act,
    atMs: fromClickhouseTime(row.At),
    by: row.By,
    reason: row.Reason,
    untilMs: row.Until === null ? null : fromClickhouseTime(row.Until),
    feedback: row.Feedback === '' ? null : row.Feedback,
    kind: row.Kind,
    subject: row.Subject,
    metric: row.Metric,
    constraint: row.HeldAgainst,
    effectSize: row.EffectSize,
  };
}
