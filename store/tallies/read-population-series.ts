import type { ClickHouseClient } from '@clickhouse/client';
import type { PopulationSeries } from '../../core/sampling/population-series.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { POPULATION_COLUMNS, type PopulationRow, populationSeries } from './population-rows.ts';

/**
 * The counters that may tell the population of a service (requests by status and duration, spans started by sampling
 * result), of all sources or those named, that arrived in [fromMs, untilMs), in whole minutes.
 * @throws PipelineError store_unavailable
 */
export async function readPopulationSeries(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number; readonly serviceNames?: readonly string[] },
): Promise<PopulationSeries[]> {
  const { serviceNames } = range;
  const rows = await readRows<PopulationRow>(client, {
    sql: seriesSql(serviceNames === undefined ? '' : 'AND ServiceName IN {serviceNames:Array(String)}'),
    params: {
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      ...(serviceNames === undefined ? {} : { serviceNames }),
    },
    about: 'tally_population',
  });
  return rows.map(populationSeries);
}

// A reading that arrived twice, in two minutes, is two rows.
const seriesSql = (isNamed: string) => `
SELECT ${POPULATION_COLUMNS}
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix,
    any(Labels) AS L, max(IsDerived) AS D, max(BoundsMs) AS B, min(StartTimeMin) AS StartedAt, max(Counts) AS C
  FROM tally_population
  WHERE ReceiveMinute >= toStartOfMinute(toDateTime({from:DateTime64(3, 'UTC')})) AND ReceiveMinute < {until:DateTime64(3, 'UTC')}
    ${isNamed}
  GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, B`;
