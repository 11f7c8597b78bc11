import type { BatchObservableCallback, Meter } from '@opentelemetry/api';
import { SIGNALS, type Signal } from '../core/signal.ts';
import type { Lane } from './lane.ts';
import type { Spool } from './spool.ts';

/** Gauges of what waits; returns how to stop, because a callback would otherwise read a closed spool. */
export function observeSpool(meter: Meter, spool: Spool, lanes: Readonly<Record<Signal, Lane>>): () => void {
  const bytes = meter.createObservableGauge('plumbline.ingest.spool.bytes', {
    unit: 'By',
    description: 'Bytes of requests in the spool',
  });
  const records = meter.createObservableGauge('plumbline.ingest.spool.records', {
    description: 'Requests in the spool: acknowledged, not stored yet',
  });
  const poisoned = meter.createObservableGauge('plumbline.ingest.spool.poisoned', {
    description: 'Requests set aside for a person to look at',
  });
  const setAside = meter.createObservableGauge('plumbline.ingest.spool.set_aside', {
    description: 'Requests set aside, by signal and reason',
  });
  const batchAge = meter.createObservableGauge('plumbline.ingest.batch.age', {
    unit: 's',
    description: 'Age of the oldest request in the batch that is being gathered',
  });
  const observe: BatchObservableCallback = (result) => {
    result.observe(bytes, spool.bytes);
    result.observe(poisoned, spool.poisonedCount);
    for (const { requestCount, ...why } of spool.poisonedByReason())
      result.observe(setAside, requestCount, why);
    for (const signal of SIGNALS) {
      result.observe(records, spool.recordCount(signal), { signal });
      result.observe(batchAge, lanes[signal].openAgeMs / 1_000, { signal });
    }
  };
  const observables = [bytes, records, poisoned, setAside, batchAge];
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}
