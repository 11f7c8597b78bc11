import { samplingColumns } from '../../../core/sampling/sampling-columns.ts';
import {
  arrivalNs,
  attributePairs,
  type Context,
  Oddities,
  pointingIds,
  sourceColumns,
  storedTime,
  valueText,
} from './expected-values.ts';
import type { LogRecord, LogsRequest } from './otlp-model.ts';

/** Rows of otel_logs: every record has one. */
export function expectedLogs(request: LogsRequest, context: Context): object[] {
  return (request.resourceLogs ?? []).flatMap(({ resource, scopeLogs, schemaUrl }) =>
    (scopeLogs ?? []).flatMap(({ scope, logRecords, schemaUrl: scopeSchemaUrl }) =>
      (logRecords ?? []).map((record) => {
        const odd = new Oddities();
        const row = {
          ...sourceColumns(resource?.attributes, context),
          ResourceAttributes: attributePairs(resource?.attributes, odd),
          ResourceSchemaUrl: schemaUrl ?? '',
          ScopeName: scope?.name ?? '',
          ScopeVersion: scope?.version ?? '',
          ScopeAttributes: attributePairs(scope?.attributes, odd),
          ScopeSchemaUrl: scopeSchemaUrl ?? '',
          ...logColumns(record, context, odd),
        };
        return { ...row, Anomalies: odd.bits };
      }),
    ),
  );
}

function logColumns(record: LogRecord, context: Context, odd: Oddities) {
  const time = storedTime(record.timeUnixNano, context, odd);
  const observed = storedTime(record.observedTimeUnixNano, context, odd);
  odd.add('timeMissing', time === 0n && observed === 0n);
  const ids = pointingIds(record, odd);
  const severity = record.severityNumber ?? 0;
  return {
    Timestamp: `${time || observed || arrivalNs(context)}`,
    ObservedTimestamp: `${observed}`,
    TraceId: ids.traceId,
    SpanId: ids.spanId,
    TraceFlags: (record.flags ?? 0) & 0xff,
    LogFlags: record.flags ?? 0,
    SeverityText: record.severityText ?? '',
    SeverityNumber: severity >= 0 && severity <= 255 ? severity : 0,
    Body: valueText(record.body, odd),
    LogAttributes: attributePairs(record.attributes, odd),
    EventName: record.eventName ?? '',
    ...samplingColumns({
      traceState: '',
      traceId: ids.traceId,
      flags: 0,
      attributes: Object.fromEntries(attributePairs(record.attributes, new Oddities())),
    }),
    DroppedAttributesCount: record.droppedAttributesCount ?? 0,
  };
}
