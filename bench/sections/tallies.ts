import { textTable } from '../../main/text-table.ts';
import { readRows } from '../../store/read-rows.ts';
import { sendDurably, withServer } from '../processes/send-durably.ts';
import type { BenchServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { RATIO_HEADS, ratioOf, ratioRows, type Sample } from '../report/ratios.ts';

const SENDING = { transport: 'http', connections: 16, warmRequests: 400, requests: 1_500 } as const;
const WITH = 'with all views';
const WITHOUT = 'without any view';

/** What the tallies cost: the same spans acknowledged and stored with every materialized view, and with none. */
export async function tallies(rounds: number): Promise<void> {
  const samples: Record<string, Sample[]> = {};
  for (let round = 0; round < rounds; round++) {
    const sides: Record<string, (server: BenchServer) => Promise<Sample>> = {
      [WITHOUT]: async (server) => {
        await dropViews(server);
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
}

async function dropViews({ store }: BenchServer): Promise<void> {
  const sql = `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'`;
  const views = await readRows<{ name: string }>(store, { sql, params: {}, about: 'the views' });
  for (const { name } of views) await store.command({ query: `DROP VIEW ${name}` });
}
