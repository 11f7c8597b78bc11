import { startIngest } from '../../ingest/start-ingest.ts';
import { connectStore } from '../connect-store.ts';
import { runRole } from '../role-process.ts';

runRole('ingest', async (config, { now, log, meter, tellNews }) => {
  const client = await connectStore(config);
  const ingest = await startIngest(
    {
      host: config.host,
      otlpGrpcPort: config.otlpGrpcPort,
      otlpHttpPort: config.otlpHttpPort,
      dataDir: config.dataDir,
      keys: config.keys,
      bodyBytesMax: config.otlpBodyBytesMax,
      spoolBytesMax: config.spoolBytesMax,
      storeReadsFiles: config.clickhouseUrl === undefined, // the engine of this data directory
    },
    { client, now, log, meter, onStored: () => tellNews('stored') },
  );
  return {
    close: async () => {
      await ingest.close();
      await client.close();
    },
  };
});
