import { startJudge } from '../../jobs/start-judge.ts';
import { connectStore } from '../connect-store.ts';
import { runRole } from '../role-process.ts';

runRole('judge', async (config, { now, log, meter }) => {
  const { dataDir, redisUrl, webhookUrl, webhookSecret } = config;
  const client = await connectStore(config);
  const judge = await startJudge(
    { dataDir, redisUrl, webhookUrl, webhookSecret, constraintsPath: config.constraints },
    { client, now, log, meter },
  );
  return {
    close: async () => {
      await judge.close();
      await client.close();
    },
  };
});
