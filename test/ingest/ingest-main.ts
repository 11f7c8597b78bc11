import { metrics } from '@opentelemetry/api';
import type { IngestConfig } from '../../ingest/config.ts';
import { startIngest } from '../../ingest/start-ingest.ts';
import { createStoreClient, type StoreAddress } from '../../store/client.ts';

/** Child of the tests that kill or measure the ingest role: starts it as told, tells its ports, obeys messages. */
const { config, store } = JSON.parse(process.argv[2] ?? '') as { config: IngestConfig; store: StoreAddress };
const log = { info: () => undefined, warn: () => undefined, error: console.error };
const client = createStoreClient(store);
const ingest = await startIngest(config, { client, now: Date.now, log, meter: metrics.getMeter('test') });

process.on('message', async (message) => {
  if (message === 'peak') process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1_024 });
  if (message === 'close') {
    await ingest.close();
    await client.close();
    process.disconnect();
  }
});
process.send?.({ httpPort: ingest.httpPort, grpcPort: ingest.grpcPort });
