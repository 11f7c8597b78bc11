import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { PipelineError } from '../../../core/errors.ts';
import type { Gate } from '../../../gates/gate.ts';
import { readRates } from '../../../gates/rate-watch.ts';
import { type SourceRate, sourceRate } from '../../../gates/source-rate.ts';
import { askGate } from '../ask-gate.ts';
import { decisionLine } from '../decision-line.ts';

const text = z.string().min(1).max(512);
const amount = z.coerce.number<string>().finite();

/** What a person writes under `metadata` of the trigger; KEDA adds fields of its own. */
const metadata = z.object({
  service: text,
  metric: z.literal('requests', 'must be "requests"').default('requests'),
  /** Requests per second that one replica carries. */
  target: amount.positive(),
  /** Requests per second above which the workload is active whatever the gate says. */
  activation: amount.nonnegative().prefault('0'),
  namespace: text.optional(),
  env: text.optional(),
  region: text.optional(),
  actor: text.optional(),
});
export type ScalerMetadata = z.output<typeof metadata>;

/** @throws PipelineError request_invalid naming every field that is wrong */
export function parseScalerMetadata(given: Readonly<Record<string, string>>): ScalerMetadata {
  const parsed = metadata.safeParse(given);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new PipelineError('request_invalid', `metadata of the trigger: ${complaints.join('; ')}.`);
}

export interface LoadDeps {
  readonly client: ClickHouseClient;
  readonly gate: Gate;
  readonly now: () => number;
}

/** KEDA and the HPA ask several times a minute for what changes once a minute. */
const CACHED_MS = 15_000;

/** The request rate of services as an autoscaler may see it: verified, or not at all. */
export class ScaledLoad {
  readonly #deps: LoadDeps;
  readonly #read = new Map<string, { atMs: number; rates: Promise<readonly SourceRate[]> }>();

  constructor(deps: LoadDeps) {
    this.#deps = deps;
  }

  /**
   * Requests per second, and never less than keeps the replicas that must stay.
   * @throws PipelineError overloaded (UNAVAILABLE: fewer replicas are not allowed now, or nobody knows the rate)
   */
  async value(asked: ScalerMetadata): Promise<number> {
    const decision = await this.#mayShrink(asked, 'scale.down');
    const rate = await this.#rate(asked.service);
    if (decision.decision !== 'allow') throw unavailable(decisionLine(decision));
    if ('unknown' in rate) throw unavailable(rate.unknown);
    const { minTo } = decision.limits as { minTo?: { replicas?: number } };
    return Math.max(rate.perS, (minTo?.replicas ?? 0) * asked.target);
  }

  /** Load is a yes at once; "no load" is believed only where the gate would let everything go. */
  async isActive(asked: ScalerMetadata): Promise<boolean> {
    const rate = await this.#rate(asked.service);
    if ('perS' in rate && rate.perS > asked.activation) return true;
    const decision = await this.#mayShrink(asked, 'scale.to_zero');
    if (decision.decision !== 'allow') throw unavailable(decisionLine(decision));
    if ('unknown' in rate) throw unavailable(rate.unknown);
    return false;
  }

  /** In shadow mode: a poll is no action, and must not use up the budget of actions. */
  #mayShrink(asked: ScalerMetadata, kind: string): Promise<Decision> {
    const { service, namespace, env, region, actor } = asked;
    const place = Object.entries({ service, namespace, env, region }).filter(
      ([, value]) => value !== undefined,
    );
    const question: DecisionRequest = {
      mode: 'shadow',
      actor: { id: actor ?? `keda/${service}`, type: 'autoscaler' },
      action: { kind },
      target: Object.fromEntries(place) as Record<string, string>,
    };
    return askGate(this.#deps.gate, question);
  }

  /** Where spans and metrics both count, the larger: the safe direction is more. */
  async #rate(serviceName: string): Promise<{ readonly perS: number } | { readonly unknown: string }> {
    const nowMs = this.#deps.now();
    const rates = await this.#rates(serviceName, nowMs);
    const facts = (['metrics', 'traces'] as const).map((signal) =>
      sourceRate(rates, { serviceName, signal, nowMs }),
    );
    const known = facts.flatMap((fact) => ('value' in fact ? [fact.value as number] : []));
    if (known.length > 0) return { perS: Math.max(...known) };
    const [first] = facts;
    return { unknown: first !== undefined && 'unknown' in first ? first.unknown : 'nothing counts requests' };
  }

  #rates(serviceName: string, nowMs: number): Promise<readonly SourceRate[]> {
    const { client, gate } = this.#deps;
    for (const [name, { atMs }] of this.#read) if (nowMs - atMs > CACHED_MS) this.#read.delete(name);
    const cached = this.#read.get(serviceName);
    if (cached !== undefined) return cached.rates;
    const rates = readRates(client, { serviceNames: [serviceName], sets: gate.effective(), nowMs });
    this.#read.set(serviceName, { atMs: nowMs, rates });
    rates.catch(() => this.#read.delete(serviceName)); // the next one asks again
    return rates;
  }
}

function unavailable(reason: string): PipelineError {
  return new PipelineError('overloaded', reason);
}
