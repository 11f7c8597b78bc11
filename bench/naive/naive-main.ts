import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { createStoreClient, type StoreAddress } from '../../store/client.ts';
import { decodeSpans, spanRows } from './span-rows.ts';

/** The pipeline that one writes in an afternoon: gunzip, protobufjs, JSONEachRow, 8,192 rows an insert, then the answer. */
const BATCH_ROWS = 8_192;
const WAIT_MS = 200;

const unzip = promisify(gunzip);
const client = createStoreClient(JSON.parse(process.argv[2] ?? '') as StoreAddress);
let rows: object[] = [];
let waiting: ServerResponse[] = [];
let timer: NodeJS.Timeout | null = null;

async function flush(): Promise<void> {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  const values = rows;
  const answers = waiting;
  rows = [];
  waiting = [];
  try {
    await client.insert({ table: 'otel_traces', values, format: 'JSONEachRow' });
    for (const response of answers) response.writeHead(200, { 'content-length': 0 }).end();
  } catch {
    for (const response of answers) response.writeHead(503, { 'content-length': 0 }).end();
  }
}

const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const body = await unzip(Buffer.concat(chunks));
  for (const row of spanRows(decodeSpans(body), Date.now())) rows.push(row);
  waiting.push(response);
  if (rows.length >= BATCH_ROWS) await flush();
  else timer ??= setTimeout(() => void flush(), WAIT_MS);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
