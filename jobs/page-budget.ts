import type { ClickHouseClient } from '@clickhouse/client';
import type { Addressed } from '../core/oncall.ts';
import type { ToldNews } from '../core/told-news.ts';
import { countPages, wasDeferred, writeToldNews } from '../store/told-news.ts';

/** Any twelve hours, so that it holds for every shift, whenever it begins. */
const SHIFT_MS = 12 * 3_600_000;
const WEEK_MS = 7 * 86_400_000;

interface PageAsked {
  /** As it would be told at once. */
  readonly news: ToldNews;
  readonly to: Addressed;
  /** Users feel it: it goes whatever was told before. */
  readonly isUrgent: boolean;
}

/** Says whether news is told at once; what is not, is kept for the digest. */
export type PageBudget = (asked: PageAsked) => Promise<boolean>;

/**
 * The budget of each person on call, kept in the store. A page is claimed before it counts: the claim is written, then all
 * claims are read, and whoever finds too many gives its own up. So two judges at once never tell more than the budget
 * holds; at worst both put into the digest what one could have told.
 * @returns a function that throws PipelineError store_*, and then nothing was claimed or the claim is found again
 */
export function createPageBudget(client: ClickHouseClient): PageBudget {
  let last: Promise<unknown> = Promise.resolve();
  return (asked) => {
    // One at a time in this process, or two of its ticks would give up the last page to each other.
    const claimed = last.then(() => claim(client, asked));
    last = claimed.catch(() => undefined);
    return claimed;
  };
}

async function claim(client: ClickHouseClient, { news, to, isUrgent }: PageAsked): Promise<boolean> {
  const defer = async () => {
    await writeToldNews(client, [{ ...news, way: 'digest' }], 'deferred');
    return false;
  };
  if (news.news === 'closed') {
    if (await wasDeferred(client, news)) return defer();
    await writeToldNews(client, [{ ...news, way: 'close' }], 'claimed');
    return true;
  }
  if (!isUrgent && (!to.isPaged || (await isSpent(client, news, to)))) return defer();
  await writeToldNews(client, [news], 'claimed');
  return isUrgent || !(await isSpent(client, news, to)) || defer();
}

async function isSpent(client: ClickHouseClient, news: ToldNews, to: Addressed): Promise<boolean> {
  const from = { shiftFromMs: news.atMs - SHIFT_MS, weekFromMs: news.atMs - WEEK_MS };
  const { inShift, inWeek } = await countPages(client, { news, ...from });
  return inShift >= to.pagesPerShiftMax || inWeek >= to.pagesPerWeekMax;
}
