import { decisionSinks, githubConfig } from '../adapters/adapters-config.ts';
import { startApi } from '../api/start-api.ts';
import { connectStore } from '../connect-store.ts';
import { collectMetrics } from '../metrics-exchange.ts';
import { runRole } from '../role-process.ts';

runRole('api', async (config, { now, log, meter, tracer, news }) => {
  const { host, apiPort, keys, dataDir, otlpHttpPort, otlpGrpcPort, roles, publicUrl } = config;
  const client = await connectStore(config);
  const api = await startApi(
    {
      ...{ host, apiPort, keys, dataDir, otlpHttpPort, otlpGrpcPort, roles },
      constraintsPath: config.constraints,
      keyFiles: {
        signingKey: config.signingKeyFile,
        approvers: config.approversFile,
        checkpointDir: config.checkpointDir,
      },
      publicUrl,
      kedaPort: config.kedaPort,
      github: githubConfig(config),
      sinks: decisionSinks(config),
    },
    { client, now, log, meter, tracer, collectMetrics, judgedNews: news.judged },
  );
  return {
    close: async () => {
      await api.close();
      await client.close();
    },
  };
});
