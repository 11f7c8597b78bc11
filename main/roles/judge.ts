import { startJudge } from '../../jobs/start-judge.ts';
import { cloudEventsConfig } from '../adapters/adapters-config.ts';
import type { Config } from '../config.ts';
import { connectStore } from '../connect-store.ts';
import { localUrl } from '../local-url.ts';
import { runRole } from '../role-process.ts';

runRole('judge', async (config, { now, log, meter, news, tellNews }) => {
  const { dataDir, redisUrl, webhookUrl, webhookSecret } = config;
  const client = await connectStore(config);
  const judge = await startJudge(
    {
      dataDir,
      redisUrl,
      webhookUrl,
      webhookSecret,
      cloudEvents: cloudEventsConfig(config),
      constraintsPath: config.constraints,
      receiver: receiverOf(config),
    },
    { client, now, log, meter, storedNews: news.stored, onJudged: () => tellNews('judged') },
  );
  return {
    close: async () => {
      await judge.close();
      await client.close();
    },
  };
});

function receiverOf({ roles, host, otlpHttpPort, keys }: Config) {
  if (!roles.includes('ingest')) return null;
  return { endpoint: localUrl(host, otlpHttpPort), key: keys[0] ?? null };
}
