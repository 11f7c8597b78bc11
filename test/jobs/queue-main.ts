import { metrics } from '@opentelemetry/api';
import { connectQueues } from '../../jobs/queues.ts';
import { createTickMetrics } from '../../jobs/tick-metrics.ts';
import { startTicks } from '../../jobs/ticks.ts';

/**
 * A process with a tick every 200 ms and a queue of work, for tests that kill it. Prints a line of JSON per tick and
 * per job; with `add` it queues ten jobs first, due only after a minute, that is: in another life.
 */
const [dataDir, add] = process.argv.slice(2) as [string, string | undefined];
const say = (what: object): void => console.log(JSON.stringify(what));
const log = {
  info: () => {},
  warn: () => {},
  error: (facts: object, text: string) => say({ error: text, facts }),
};
const connection = await connectQueues({ dataDir, log, now: Date.now });
say({ readyMs: Math.round(process.uptime() * 1_000) });
const deps = { connection, log, now: Date.now, metrics: createTickMetrics(metrics.getMeter('test')) };
startTicks({ name: 'tick', everyMs: 200, run: async () => say({ tick: Date.now() }) }, deps);
const queue = connection.queue('work');
if (add === 'add') {
  for (let n = 0; n < 10; n++) await queue.add('work', { n }, { delay: 60_000 });
  say({ added: 10 });
} else {
  connection.worker('work', async (job) => say({ done: job.data.n }));
  for (const job of await queue.getDelayed()) await job.promote();
}
