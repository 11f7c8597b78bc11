import { setAsideCounts } from '../set-aside-counts.ts';
import { type Check, ok, warn } from './check.ts';
import type { Sample } from './read-metrics.ts';

const FILL_RATIO_WARN = 0.5;

/** How full the spool is, and what was set aside in it because the store refuses it. */
export function checkSpool(samples: readonly Sample[], spoolBytesMax: number): Check[] {
  const sum = (metric: string): number | null => {
    const found = samples.filter(({ name }) => name === metric);
    return found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0);
  };
  const bytes = sum('plumbline_ingest_spool_bytes');
  const setAside = sum('plumbline_ingest_spool_poisoned');
  if (bytes === null || setAside === null) {
    return [warn('spool', 'the server says nothing about it', 'see the line of the ingest role')];
  }
  const text = `${(bytes / 1024 ** 2).toFixed(1)} of ${(spoolBytesMax / 1024 ** 2).toFixed(0)} MiB used`;
  return [
    bytes > FILL_RATIO_WARN * spoolBytesMax
      ? warn('spool', text, 'the store takes less than comes in: look at it before senders are refused')
      : ok('spool', text),
    setAside > 0
      ? checkSetAside(samples, setAside)
      : ok('set aside', 'nothing: the store took every request'),
  ];
}

function checkSetAside(samples: readonly Sample[], requestCount: number): Check {
  const reasons = setAsideCounts(samples).map(
    ({ signal, reason, requestCount }) => `${requestCount} of ${signal}: ${reason}`,
  );
  const todo = '"plumbline spool list" says more; mend the cause, then "plumbline spool put-back"';
  return warn('set aside', `${requestCount} requests (${reasons.join('; ')})`, todo);
}
