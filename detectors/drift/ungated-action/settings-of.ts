import type { ServiceSeries, SystemHistory } from '../../../core/system-history.ts';

/** Settings that somebody sets; replicas are not among them: an autoscaler may move them within its limits. */
const SETTINGS: readonly ServiceSeries[] = [
  'replicasMin',
  'replicasMax',
  'cpuTarget',
  'cpuLimitCores',
  'cacheTtlS',
  'version',
];

export interface Setting {
  readonly service: string;
  readonly what: string;
  readonly values: Float64Array;
}

/** Settings of a system that are measured, of one service or of all. */
export function settingsOf(history: SystemHistory, service: string | null = null): Setting[] {
  const isAsked = (name: string) => service === null || service === name;
  const settings: Setting[] = [];
  for (const { name, series } of history.services.values()) {
    if (!isAsked(name)) continue;
    for (const what of SETTINGS) {
      const values = series[what];
      if (values !== undefined) settings.push({ service: name, what, values });
    }
  }
  for (const pool of history.pools) {
    if (!isAsked(pool.service) || pool.shareRatio === undefined) continue;
    settings.push({ service: pool.service, what: `share of ${pool.pool}`, values: pool.shareRatio });
  }
  return settings;
}
