export interface TelemetryTarget {
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  /** Bearer key for the receivers, when they want one. */
  readonly key: string | null;
}

export type Protocol = 'http/protobuf' | 'http/json' | 'grpc';

/**
 * How a service of the shop is told to export: by the OTEL_* variables of the specification alone. Nothing
 * else of the environment is passed on, so a variable meant for the server cannot silence the shop.
 */
export function serviceEnvironment(options: {
  serviceName: string;
  protocol: Protocol;
  target: TelemetryTarget;
}): Record<string, string> {
  const { serviceName, protocol, target } = options;
  return {
    OTEL_SERVICE_NAME: serviceName,
    OTEL_RESOURCE_ATTRIBUTES: [
      'service.namespace=shop',
      'service.version=1.0.0',
      `service.instance.id=${serviceName}-1`,
      'deployment.environment.name=demo',
    ].join(','),
    OTEL_NODE_RESOURCE_DETECTORS: 'service',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_PROPAGATORS: 'tracecontext',
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? target.otlpGrpcUrl : target.otlpHttpUrl,
    ...(target.key === null
      ? {}
      : { OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(`Bearer ${target.key}`)}` }),
    // Short, so that verdicts are seconds old and sure: 75 export requests in 40 s are the least from which the
    // loss of none says "at most 5 %". The timer starts with the first span after an export, so that about 140
    // come of this, and enough remain when the machine is busy.
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_BLRP_SCHEDULE_DELAY: '500',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_METRIC_EXPORT_TIMEOUT: '4000',
    // A receiver that is away shows in the verdicts; here it would fill the screen.
    OTEL_LOG_LEVEL: 'none',
  };
}
