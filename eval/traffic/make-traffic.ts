import { type Draw, drawFrom } from './draw.ts';
import type { Entry, Fleet, ServiceSpec } from './fleet.ts';
import type { ExportRequest, LogItem, SpanItem } from './telemetry.ts';

const HOUR_MS = 3_600_000;
/** Between two instances of a service in a rolling deploy. */
const ROLL_MS = 20_000;
/** One hop between services. */
const HOP_MS = 1;
const BURST = { factor: 4, everyMs: 120_000, lastsMs: 10_000 };

export interface Traffic {
  /** All exports sent before `untilMs` and not given before, in no order. Call with growing times. */
  until(untilMs: number): ExportRequest[];
}

interface Instance {
  readonly spec: ServiceSpec;
  readonly id: string;
  readonly host: string;
  readonly hop: string;
  /** Its exports do not line up with anybody's. */
  readonly phaseMs: number;
  readonly skewMs: number;
  readonly open: Map<number, { spans: SpanItem[]; logs: LogItem[] }>;
}

/**
 * What a fleet sends in virtual time: the same seed, the same records. All times within are true times; only what
 * goes into a span's stamps has the skew of its host's clock.
 * @param of.startMs where virtual time begins
 * @param of.hourOfWeek what the clock of the week shows then, 0 is Monday at midnight
 */
export function makeTraffic(
  fleet: Fleet,
  of: {
    readonly seed: number;
    readonly tenant: string;
    readonly startMs: number;
    readonly hourOfWeek?: number;
  },
): Traffic {
  const world = new World(fleet, of);
  let nextSecondMs = of.startMs;
  return {
    until: (untilMs) => {
      for (; nextSecondMs < untilMs; nextSecondMs += 1_000) world.liveSecond(nextSecondMs);
      return world.takeSent(nextSecondMs);
    },
  };
}

class World {
  readonly #fleet: Fleet;
  readonly #of: Parameters<typeof makeTraffic>[1];
  readonly #draw: Draw;
  /** Of the way to us alone: what is sent must not depend on how often one asks. */
  readonly #way: Draw;
  readonly #services: ReadonlyMap<string, { readonly spec: ServiceSpec; readonly deployPhaseMs: number }>;
  readonly #instances = new Map<string, Instance>();
  /** A host keeps its clock when another instance comes. */
  readonly #skewsMs = new Map<string, number>();
  readonly #metrics: ExportRequest[] = [];
  #nextId: number;
  #burstUntilMs = 0;

  constructor(fleet: Fleet, of: Parameters<typeof makeTraffic>[1]) {
    this.#fleet = fleet;
    this.#of = of;
    this.#draw = drawFrom(of.seed);
    this.#way = drawFrom(of.seed + 0x3a7);
    this.#nextId = 1 + of.seed * 1e8;
    const deployPhase = () =>
      Number.isFinite(fleet.deployEveryMs) ? this.#draw.uniform() * fleet.deployEveryMs : 0;
    this.#services = new Map(
      fleet.services.map((spec) => [spec.name, { spec, deployPhaseMs: deployPhase() }]),
    );
  }

  /** Everything that begins in one second, to its end, which may lie far ahead. */
  liveSecond(secondMs: number): void {
    const { hasBursts } = this.#fleet;
    if (hasBursts && secondMs >= this.#burstUntilMs && this.#draw.happens(1_000 / BURST.everyMs)) {
      this.#burstUntilMs = secondMs + this.#draw.exponential(BURST.lastsMs);
    }
    const burst = secondMs < this.#burstUntilMs ? BURST.factor : 1;
    for (const entry of this.#fleet.entries) {
      const roots = this.#rootsIn(entry, secondMs, burst * this.#rhythmAt(secondMs));
      for (let i = 0; i < roots; i++) this.#begin(entry, secondMs + this.#draw.uniform() * 1_000);
    }
    this.#report(secondMs);
  }

  takeSent(untilMs: number): ExportRequest[] {
    const sent = this.#metrics.splice(0);
    for (const instance of this.#instances.values()) {
      for (const [number, { spans, logs }] of instance.open) {
        const sentMs = (number + 1) * instance.spec.exportMs - instance.phaseMs;
        if (sentMs > untilMs) continue;
        instance.open.delete(number);
        if (spans.length > 0) sent.push(this.#request(instance, 'traces', sentMs, { spans }));
        if (logs.length > 0) sent.push(this.#request(instance, 'logs', sentMs, { logs }));
      }
    }
    return sent;
  }

  #rootsIn({ perSecond, everyMs }: Entry, secondMs: number, factor: number): number {
    if (perSecond !== undefined) return this.#draw.poisson(perSecond * factor);
    const sinceStartMs = secondMs - this.#of.startMs;
    return everyMs !== undefined && sinceStartMs % everyMs < 1_000 ? 1 : 0;
  }

  #begin(entry: Entry, atMs: number): void {
    const kind = entry.everyMs === undefined ? 'Server' : 'Internal';
    this.#serve(entry.to, { traceId: this.#nextId++, parentSpanId: 0, kind, atMs });
  }

  /** @returns when it ended */
  #serve(
    name: string,
    of: { traceId: number; parentSpanId: number; kind: SpanItem['kind']; atMs: number },
  ): number {
    const draw = this.#draw;
    const { spec } = this.#serviceOf(name);
    const instance = this.#pick(name, of.atMs);
    const { traceId, parentSpanId } = of;
    const spanId = this.#nextId++;
    let nowMs = of.atMs;
    for (const { to, probability, times = 1, queuedMs } of spec.calls) {
      for (let i = 0; i < times; i++) {
        if (!draw.happens(probability)) continue;
        nowMs += draw.exponential(spec.workMs) / 2;
        const startMs = nowMs;
        const own = this.#nextId++;
        const child = { traceId, parentSpanId: own };
        if (queuedMs === undefined) {
          nowMs = this.#serve(to, { ...child, kind: 'Server', atMs: nowMs + HOP_MS }) + HOP_MS;
        } else {
          nowMs += HOP_MS;
          this.#serve(to, { ...child, kind: 'Consumer', atMs: nowMs + draw.exponential(queuedMs) });
        }
        const kind = queuedMs === undefined ? 'Client' : 'Producer';
        this.#record(instance, {
          traceId,
          spanId: own,
          parentSpanId: spanId,
          kind,
          isRemote: false,
          peer: to,
          startMs,
          endMs: nowMs,
        });
      }
    }
    nowMs += draw.exponential(spec.workMs) / 2;
    if (spec.long !== undefined && draw.happens(spec.long.ratio)) nowMs += draw.uniform() * spec.long.ms;
    const { kind, atMs } = of;
    const isRemote = parentSpanId !== 0;
    const times = { startMs: atMs, endMs: nowMs };
    this.#record(instance, { traceId, spanId, parentSpanId, kind, isRemote, peer: '', ...times });
    if (draw.happens(this.#fleet.logRatio)) {
      this.#openOf(instance, nowMs).logs.push({
        timeMs: nowMs + instance.skewMs,
        traceId,
        spanId,
        isSampled: true,
      });
    }
    return nowMs;
  }

  #record(instance: Instance, span: SpanItem): void {
    const { skewMs } = instance;
    const stamped =
      skewMs === 0 ? span : { ...span, startMs: span.startMs + skewMs, endMs: span.endMs + skewMs };
    this.#openOf(instance, span.endMs).spans.push(stamped);
  }

  #openOf(instance: Instance, atMs: number) {
    const number = Math.floor((atMs + instance.phaseMs) / instance.spec.exportMs);
    let open = instance.open.get(number);
    if (open === undefined) {
      open = { spans: [], logs: [] };
      instance.open.set(number, open);
    }
    return open;
  }

  #report(secondMs: number): void {
    for (const { spec } of this.#services.values()) {
      for (let index = 0; index < this.#instancesAt(spec, secondMs); index++) {
        const instance = this.#instance(spec.name, index, secondMs);
        const dueMs =
          (secondMs - this.#of.startMs + Math.floor(instance.phaseMs)) % this.#fleet.metricEveryMs;
        if (dueMs >= 1_000) continue;
        const timeMs = secondMs + instance.skewMs;
        const points = Array.from({ length: this.#fleet.pointsPerReport }, (_, i) => ({
          metricName: `eval.metric.${i}`,
          timeMs,
          value: i,
        }));
        this.#metrics.push(this.#request(instance, 'metrics', secondMs, { points }));
      }
    }
  }

  #request(
    instance: Instance,
    signal: ExportRequest['signal'],
    sentMs: number,
    items: Partial<Pick<ExportRequest, 'spans' | 'logs' | 'points'>>,
  ): ExportRequest {
    return {
      tenant: this.#of.tenant,
      serviceName: instance.spec.name,
      instanceId: instance.id,
      host: instance.host,
      hop: instance.hop,
      signal,
      sentMs,
      arrivedMs: sentMs + this.#way.exponential(this.#fleet.networkMs),
      traceState: 'ot=th:0',
      spans: [],
      logs: [],
      points: [],
      ...items,
    };
  }

  #serviceOf(name: string) {
    const service = this.#services.get(name);
    if (service === undefined)
      throw new RangeError(`The fleet calls ${name}, which is none of its services.`);
    return service;
  }

  #pick(name: string, atMs: number): Instance {
    const { spec } = this.#serviceOf(name);
    const count = this.#instancesAt(spec, atMs);
    return this.#instance(name, count === 1 ? 0 : Math.floor(this.#draw.uniform() * count), atMs);
  }

  #instancesAt(spec: ServiceSpec, atMs: number): number {
    return Math.max(1, Math.min(spec.instances, Math.round(spec.instances * this.#rhythmAt(atMs))));
  }

  /** A deploy replaces the instances of a service one after the other. */
  #instance(name: string, index: number, atMs: number): Instance {
    const { spec, deployPhaseMs } = this.#serviceOf(name);
    const sinceMs = atMs - this.#of.startMs + deployPhaseMs - index * ROLL_MS;
    const { deployEveryMs } = this.#fleet;
    const generation = Number.isFinite(deployEveryMs) ? Math.max(0, Math.floor(sinceMs / deployEveryMs)) : 0;
    const id = `${name}-${generation}-${index}`;
    let instance = this.#instances.get(id);
    if (instance === undefined) {
      const host = `host-${name}-${index}`;
      const phaseMs = this.#draw.uniform() * Math.max(spec.exportMs, this.#fleet.metricEveryMs);
      const drawnMs = (2 * this.#draw.uniform() - 1) * this.#fleet.skewMsMax;
      const skewMs = this.#skewsMs.get(host) ?? drawnMs;
      this.#skewsMs.set(host, skewMs);
      instance = {
        spec,
        id,
        host,
        hop: `collector-${index % 2}`,
        phaseMs,
        skewMs,
        open: new Map(),
      };
      this.#instances.set(id, instance);
    }
    return instance;
  }

  /** 0.4 at four in the morning, 1.6 in the afternoon, and two thirds of that at the weekend. */
  #rhythmAt(atMs: number): number {
    if (!this.#fleet.hasRhythm) return 1;
    const hour = (this.#of.hourOfWeek ?? 0) + (atMs - this.#of.startMs) / HOUR_MS;
    const weekend = hour % 168 >= 120 ? 0.67 : 1;
    return weekend * (1 - 0.6 * Math.cos(((hour - 4) / 24) * 2 * Math.PI));
  }
}
