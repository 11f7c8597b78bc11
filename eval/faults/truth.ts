import type { ExportRequest } from '../traffic/telemetry.ts';

/** What really happened, by service and signal: kept by the injector, read by the score alone. */
export class Truth {
  readonly #sent = new Map<string, number>();
  readonly #lost = new Map<string, number>();

  sent(request: ExportRequest): void {
    add(this.#sent, request, countOf(request));
  }

  lost(request: ExportRequest, count: number): void {
    add(this.#lost, request, count);
  }

  /** Share of a service's records that never arrived; 0 of nothing. */
  lostShare(serviceName: string, signal: ExportRequest['signal']): number {
    const key = `${serviceName} ${signal}`;
    const sent = this.#sent.get(key) ?? 0;
    return sent === 0 ? 0 : (this.#lost.get(key) ?? 0) / sent;
  }
}

/** Records of an export, of its one signal. */
export function countOf({ spans, logs, points }: ExportRequest): number {
  return spans.length + logs.length + points.length;
}

function add(into: Map<string, number>, { serviceName, signal }: ExportRequest, count: number): void {
  const key = `${serviceName} ${signal}`;
  into.set(key, (into.get(key) ?? 0) + count);
}
