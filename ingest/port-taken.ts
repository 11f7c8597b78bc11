import { PipelineError } from '../core/errors.ts';

/** What a failed listen means to the person who starts Plumbline; other errors stay what they are. */
export function portTaken(
  error: NodeJS.ErrnoException,
  { host, port, variable }: { host: string; port: number; variable: string },
): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new PipelineError(
    'port_taken',
    `Port ${port} on ${host} is taken: another OpenTelemetry Collector or Plumbline may run. Stop it, or set ${variable} to a free port.`,
    { host, port, variable },
    error,
  );
}
