/**
 * The clock of each source as a subquery: its host, else its instance; null where one identity was seen on two hosts,
 * or where neither is known. Parameter `hosts`: the oldest hour that counts.
 */
export const CLOCKS_SQL = `(
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, min(HostMin) AS First, max(HostMax) AS Last,
    multiIf(First != Last, NULL, First != '', First, nullIf(ServiceInstanceId, '')) AS Clock
  FROM tally_host WHERE ReceiveHour >= {hosts:DateTime64(3, 'UTC')}
  GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId
)`;

/** Hosts of the last two hours: a source that moved is another instance, or settles within that time. */
export function hostsSinceMs(nowMs: number): number {
  return nowMs - 7_200_000;
}
