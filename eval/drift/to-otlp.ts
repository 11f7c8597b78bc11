import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { SystemHistory } from '../../core/system-history.ts';
import { attributesOf, nano } from './otlp-json.ts';
import { ledgerOf } from './to-ledger.ts';
import { edgesToOtlp } from './to-otlp-edges.ts';
import { servicesToOtlp } from './to-otlp-services.ts';

const MINUTE_MS = 60_000;
/** Minutes a request: a Collector that batches writes about as much. */
const MINUTES_AT_ONCE = 10;

export interface RunFiles {
  readonly telemetry: readonly string[];
  /** Of gate decisions; null when there was none. */
  readonly ledger: string | null;
}

/** Writes a history as the telemetry it would have been read from, in files as the Collector's file exporter writes them. */
export async function writeOtlp(history: SystemHistory, folder: string): Promise<RunFiles> {
  await mkdir(folder, { recursive: true });
  const metrics = join(folder, 'metrics.json.zst');
  const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
  await pipeline(Readable.from(metricLines(history)), createZstdCompress(fast), createWriteStream(metrics));
  const logs = join(folder, 'logs.json');
  await writeFile(logs, logLines(history).join(''));
  const ledger = history.decisions.length === 0 ? null : join(folder, 'decisions.ledger');
  if (ledger !== null) await writeFile(ledger, ledgerOf(history));
  return { telemetry: [metrics, logs], ledger };
}

function* metricLines(history: SystemHistory): Generator<string> {
  const services = servicesToOtlp(history);
  const edges = edgesToOtlp(history);
  for (let from = 0; from < history.minutes; from += MINUTES_AT_ONCE) {
    const until = Math.min(from + MINUTES_AT_ONCE, history.minutes);
    const resourceMetrics = [...services(from, until), ...edges(from, until)];
    if (resourceMetrics.length > 0) yield `${JSON.stringify({ resourceMetrics })}\n`;
  }
}

/** What automations did and people changed, a request each, by the conventions of docs/drift.md. */
function logLines({ startMs, actions, changes }: SystemHistory): string[] {
  const records = [
    ...actions.map((action) => ({
      minute: action.minute,
      service: action.service,
      eventName: 'automation.action',
      attributes: {
        'automation.actor': action.actor,
        'automation.action.kind': action.kind,
        'automation.target.service': action.service,
        ...(action.to === null ? {} : { 'automation.action.to': action.to }),
        ...(action.decisionId === null ? {} : { 'automation.decision.id': action.decisionId }),
      },
    })),
    ...changes.map((change) => ({
      minute: change.minute,
      service: change.service,
      eventName: 'change.recorded',
      attributes: {
        'change.summary': change.summary,
        'change.target.service': change.service,
        ...(change.expects === null ? {} : { 'change.expects': change.expects }),
      },
    })),
  ];
  return records
    .sort((a, b) => a.minute - b.minute)
    .map(({ minute, service, eventName, attributes }) => {
      const timeUnixNano = nano(startMs + minute * MINUTE_MS);
      const logRecord = { timeUnixNano, eventName, attributes: attributesOf(attributes) };
      const resource = { attributes: attributesOf({ 'service.name': service }) };
      const scopeLogs = [{ scope: { name: 'run' }, logRecords: [logRecord] }];
      return `${JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] })}\n`;
    });
}
