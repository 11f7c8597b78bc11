import type { ClickHouseClient } from '@clickhouse/client';
import type { ToldNews, ToldWay } from '../core/told-news.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

interface ToldRow {
  readonly Id: string;
  readonly Oncall: string;
  readonly At: string;
  readonly Way: ToldWay;
  readonly DigestId: string;
  readonly ReportId: string;
  readonly OpenedAt: string;
  readonly News: string;
  readonly State: string;
  readonly EffectSize: number | null;
  readonly Confidence: number;
  readonly Headline: string;
}

/** What a row says: a claim to tell at once, that it was put into the digest instead, or in which digest it is. */
export const TOLD_VERSIONS = { claimed: 1, deferred: 2, inDigest: 3 } as const;

/** Writes news over those of the same id and a lower version. @throws PipelineError store_* */
export async function writeToldNews(
  client: ClickHouseClient,
  news: readonly ToldNews[],
  version: keyof typeof TOLD_VERSIONS,
): Promise<void> {
  await writeRows(
    client,
    'tellings',
    news.map((one) => ({ ...rowOf(one), Version: TOLD_VERSIONS[version] })),
  );
}

/**
 * How much a person was told at once since two times, but for one piece of news: what it told itself before a crash does
 * not count against it. @throws PipelineError store_unavailable
 */
export async function countPages(
  client: ClickHouseClient,
  of: { news: ToldNews; shiftFromMs: number; weekFromMs: number },
): Promise<{ inShift: number; inWeek: number }> {
  const { news, shiftFromMs, weekFromMs } = of;
  const [counts] = await readRows<{ InShift: string; InWeek: string }>(client, {
    sql: `SELECT countIf(At > {shift:DateTime64(3, 'UTC')}) AS InShift, count() AS InWeek
      FROM tellings FINAL
      WHERE Oncall = {oncall:String} AND Way = 'page' AND At > {week:DateTime64(3, 'UTC')} AND Id != {id:String}
        AND NOT (ReportId = {report:String} AND OpenedAt = {opened:DateTime64(3, 'UTC')} AND News = {news:String}
          AND News IN ('opened', 'confirmed'))`,
    params: {
      oncall: news.oncall,
      id: news.id,
      report: news.reportId,
      opened: toClickhouseTime(news.openedAtMs),
      news: news.news,
      shift: toClickhouseTime(shiftFromMs),
      week: toClickhouseTime(weekFromMs),
    },
    about: 'what on-call was told',
  });
  return { inShift: Number(counts?.InShift ?? 0), inWeek: Number(counts?.InWeek ?? 0) };
}

/** Does all that was told of a report since it opened wait for a digest? @throws PipelineError store_unavailable */
export async function wasDeferred(client: ClickHouseClient, news: ToldNews): Promise<boolean> {
  const rows = await readRows<{ Way: ToldWay }>(client, {
    sql: `SELECT DISTINCT Way FROM tellings FINAL
      WHERE ReportId = {report:String} AND OpenedAt = {opened:DateTime64(3, 'UTC')}`,
    params: { report: news.reportId, opened: toClickhouseTime(news.openedAtMs) },
    about: 'what on-call was told',
  });
  return rows.length > 0 && rows.every(({ Way }) => Way === 'digest');
}

/** What waits for a digest, and what is in one that was not written; the oldest first. @throws PipelineError store_unavailable */
export async function readUndigested(client: ClickHouseClient): Promise<ToldNews[]> {
  const rows = await readRows<ToldRow>(client, {
    sql: `SELECT * EXCEPT Version FROM tellings FINAL
      WHERE Way = 'digest' AND (DigestId = '' OR splitByChar('.', DigestId)[1] NOT IN (SELECT Id FROM reports)) ORDER BY At, Id`,
    params: {},
    about: 'what waits for the digest',
  });
  return rows.map(newsOf);
}

function rowOf(news: ToldNews): ToldRow {
  return {
    Id: news.id,
    Oncall: news.oncall,
    At: toClickhouseTime(news.atMs),
    Way: news.way,
    DigestId: news.digestId,
    ReportId: news.reportId,
    OpenedAt: toClickhouseTime(news.openedAtMs),
    News: news.news,
    State: news.state,
    EffectSize: news.effectSize,
    Confidence: news.confidence,
    Headline: news.headline,
  };
}

function newsOf(row: ToldRow): ToldNews {
  return {
    id: row.Id,
    oncall: row.Oncall,
    atMs: fromClickhouseTime(row.At),
    way: row.Way,
    digestId: row.DigestId,
    reportId: row.ReportId,
    openedAtMs: fromClickhouseTime(row.OpenedAt),
    news: row.News,
    state: row.State,
    effectSize: row.EffectSize,
    confidence: row.Confidence,
    headline: row.Headline,
  };
}
