import type { ClickHouseClient } from '@clickhouse/client';
import { metrics } from '@opentelemetry/api';
import type { Log } from '../../core/log.ts';
import { type ApiConfig, startApi } from '../../main/api/start-api.ts';

export type TestApi = Awaited<ReturnType<typeof startApi>>;

/**
 * The API role in this process, on a free port, open to everybody and without constraints unless told otherwise.
 * @param of.now its clock: that of this machine unless given
 */
export function startTestApi(
  config: Pick<ApiConfig, 'dataDir'> & Partial<ApiConfig>,
  of: { readonly client: ClickHouseClient; readonly log?: Log; readonly now?: () => number },
): Promise<TestApi> {
  const noLog = () => undefined;
  return startApi(
    {
      host: '127.0.0.1',
      apiPort: 0,
      keys: [],
      constraintsPath: undefined,
      otlpGrpcPort: 0,
      otlpHttpPort: 0,
      roles: ['api'],
      ...config,
    },
    {
      client: of.client,
      now: of.now ?? Date.now,
      log: of.log ?? { info: noLog, warn: noLog, error: noLog },
      meter: metrics.getMeter('test'),
      collectMetrics: async () => '',
    },
  );
}
