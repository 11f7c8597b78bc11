import { judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { type BenchServer, startServer } from '../processes/start-server.ts';
import { checkLine } from '../report/check-line.ts';
import { median } from '../report/ratios.ts';

const SOURCES = 10_000;
const BUCKET_MS = 5_000;
const BUCKETS = 120;
/** Buckets of one insert. */
const BUCKETS_AT_ONCE = 10;

/**
 * One tick of the judge over 10,000 services that all sent and called one another in every 5 s of the last ten
 * minutes: reading their tallies, judging, writing what is new or due.
 */
export async function judgeTicks(ticks: number): Promise<void> {
  const server = await startServer(['store']);
  try {
    const endMs = Math.floor(Date.now() / BUCKET_MS) * BUCKET_MS;
    for (let bucket = 0; bucket < BUCKETS; bucket += BUCKETS_AT_ONCE) {
      await server.store.command({ query: spansSql(endMs - (BUCKETS - bucket) * BUCKET_MS) });
      process.stderr.write('.');
    }
    await settleEdges({ client: server.store }, endMs);
    await measure(server, endMs, ticks);
  } finally {
    await server.stop();
  }
}

async function measure({ store, cpuMs }: BenchServer, endMs: number, ticks: number): Promise<void> {
  const deps = { client: store, expectations: () => [], memory: newJudgeMemory() };
  const samples: { wallMs: number; ownCpuMs: number; storeCpuMs: number; verdicts: number }[] = [];
  // The first writes every verdict, and compiles.
  for (let tick = -5; tick < 3 * ticks; tick++) {
    const [startedAt, own, engine] = [performance.now(), process.cpuUsage(), cpuMs()['store'] ?? 0];
    const verdicts = await judge(deps, endMs + 1_000 * (tick + 5));
    const { user, system } = process.cpuUsage(own);
    const sample = {
      wallMs: performance.now() - startedAt,
      ownCpuMs: (user + system) / 1_000,
      storeCpuMs: (cpuMs()['store'] ?? 0) - engine,
      verdicts: verdicts.length,
    };
    if (tick >= 0) samples.push(sample);
  }
  const of = (key: keyof (typeof samples)[number]) => median(samples.map((sample) => sample[key]));
  console.log(
    `\n\nOne tick of the judge over ${SOURCES} sources of spans that take turns, ${of('verdicts')} verdicts, median of ${samples.length}`,
  );
  console.log(
    `wall ${of('wallMs').toFixed(0)} ms, own CPU ${of('ownCpuMs').toFixed(0)} ms, CPU of the store ${of('storeCpuMs').toFixed(0)} ms`,
  );
  console.log(
    checkLine(
      'judging 10,000 sources under 1 s of CPU on one core',
      of('ownCpuMs') / 1_000,
      of('ownCpuMs') < 1_000,
    ),
  );
}

/** Each service calls the next one once in 5 s: a CLIENT span here, a SERVER span there. */
function spansSql(fromMs: number): string {
  return `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanKind, SpanFlags, ServiceName,
    ServiceNamespace, ServiceInstanceId, Tenant, Duration, ReceivedAt)
  SELECT at - INTERVAL 1 SECOND, lower(hex(sipHash128(call, at))), if(isChild, child, parent), if(isChild, parent, ''),
    if(isChild, 'Server', 'Client'), if(isChild, 0x301, 0x101), concat('svc-', toString((service + isChild) % ${SOURCES})),
    'bench', 'one', 'default', 1000000, at
  FROM (
    SELECT intDiv(number, 2) AS call, number % 2 AS isChild, call % ${SOURCES} AS service,
      fromUnixTimestamp64Milli(toInt64(${fromMs} + intDiv(call, ${SOURCES}) * ${BUCKET_MS} + 100)) AS at,
      lower(hex(sipHash64(call, at, 'parent'))) AS parent, lower(hex(sipHash64(call, at, 'child'))) AS child
    FROM numbers(${SOURCES * 2 * BUCKETS_AT_ONCE})
  )`;
}
