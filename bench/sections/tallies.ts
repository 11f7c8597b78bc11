import { textTable } from '../../main/text-table.ts';
import { readRows } from '../../store/read-rows.ts';
import { sendDurably, withServer } from '../processes/send-durably.ts';
import type { BenchServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { RATIO_HEADS, ratioOf, ratioRows, type Sample } from '../report/ratios.ts';

const SENDING = { transport: 'http', connections: 16, warmRequests: 400, requests: 1_500 } as const;
const WITH = 'with all views';
const WITHOUT = 'without any view';
const WITHOUT_SAMPLING = 'without those of sampling';

/** What the tallies cost: the same spans acknowledged and stored with every materialized view, with none, and without those of sampling. */
export async function tallies(rounds: number): Promise<void> {
  const samples: Record<string, Sample[]> = {};
  for (let round = 0; round < rounds; round++) {
    const sides: Record<string, (server: BenchServer) => Promise<Sample>> = {
      [WITHOUT]: async (server) => {
        await dropViews(server, '%');
        return sendDurably(server, SENDING);
      },
      [WITHOUT_SAMPLING]: async (server) => {
        await dropViews(server, 'tally_sampling%');
        return sendDurably(server, SENDING);
      },
      [WITH]: (server) => sendDurably(server, SENDING),
    };
    for (const [side, run] of Object.entries(sides)) {
      samples[side] = [...(samples[side] ?? []), await withServer(['store', 'ingest'], run)];
      process.stderr.write('.');
    }
  }
  console.log(`\n\nSpans acknowledged and stored over OTLP/HTTP; ratios to ${WITHOUT}`);
  console.log(textTable(RATIO_HEADS, ratioRows(samples, WITHOUT)));
  const ratio = ratioOf(samples, WITH, WITHOUT, 'wallUs').median;
  console.log(checkLine('throughput with all views at least 0.7 of that without', ratio, ratio >= 0.7));
  const share = ratioOf(samples, WITHOUT_SAMPLING, WITH, 'cpuUs').median;
  console.log(
    checkLine('CPU time a span with the views of sampling at most 1.1 of that without', share, share <= 1.1),
  );
}

async function dropViews({ store }: BenchServer, like: string): Promise<void> {
  const sql = `SELECT name FROM system.tables
    WHERE database = currentDatabase() AND engine = 'MaterializedView' AND name LIKE {like:String}`;
  const views = await readRows<{ name: string }>(store, { sql, params: { like }, about: 'the views' });
  for (const { name } of views) await store.command({ query: `DROP VIEW ${name}` });
}
