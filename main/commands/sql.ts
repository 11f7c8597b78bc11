import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { examples } from '../client-flags.ts';
import type { Config } from '../config.ts';
import { readOwnConfig, serverAddresses } from '../server-addresses.ts';

export function sqlCommand(): Command {
  return new Command('sql')
    .description('run a query on the store, read-only')
    .argument('<query>', 'one SELECT, SHOW or DESCRIBE; - reads it from standard input')
    .option(
      '--format <name>',
      "any of ClickHouse's formats (default: PrettyCompact at a terminal, else TSVWithNames)",
    )
    .option('--json', 'the same as --format JSON')
    .addHelpText(
      'after',
      examples(
        'sql "SELECT ServiceName, count() FROM otel_traces GROUP BY 1"',
        'sql --format CSV - < query.sql',
      ),
    )
    .action(async (query: string, flags: { format?: string; json?: boolean }) => {
      const byPlace = process.stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames';
      const format = flags.json === true ? 'JSON' : (flags.format ?? byPlace);
      const sql = query === '-' ? await readAll(process.stdin) : query;
      process.stdout.write(await runReadOnly(readOwnConfig(), sql, format));
    });
}

/** @throws PipelineError request_invalid with ClickHouse's own words, store_unavailable */
async function runReadOnly(config: Config, sql: string, format: string): Promise<string> {
  const url = new URL(serverAddresses(config).clickhouseUrl);
  const headers: Record<string, string> = {};
  if (url.username !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  const query = new URLSearchParams({ default_format: format });
  // Our own engine takes nothing but reading without its token; a server elsewhere must be told.
  if (config.clickhouseUrl !== undefined) query.set('readonly', '2');
  let response: Response;
  try {
    response = await fetch(`${url.origin}/?${query}`, { method: 'POST', body: sql, headers });
  } catch (error) {
    const text = `No store answers at ${url.origin}: start one with "npm start", or check CLICKHOUSE_URL.`;
    throw new PipelineError('store_unavailable', text, { url: url.origin }, error);
  }
  const body = await response.text();
  if (!response.ok) throw new PipelineError('store_refused', body.trim(), { status: response.status });
  return body;
}
