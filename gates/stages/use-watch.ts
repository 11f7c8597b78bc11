import type { ClickHouseClient } from '@clickhouse/client';
import { readUse } from '../../store/tallies/read-use.ts';
import type { UseAsked, UseFound, UseProofs } from './use-proof.ts';

/** Metrics come once a minute, more or less: of five minutes some must have come. */
const STEP_MS = 300_000;
/** What cannot be undone rests on what was read just now. */
export const USE_VALID_MS = 60_000;
const READ_AGAIN_MS = 20_000;
/** Whoever asks comes back after a hold; who does not is forgotten. */
const WANTED_MS = 300_000;
const WANTED_MAX = 200;

interface Wanted {
  readonly asked: UseAsked;
  askedAtMs: number;
  found: UseFound | null;
}

function keyOf({ serviceName, forMs }: UseAsked): string {
  return `${serviceName} ${forMs}`;
}

/** Looks up who is used, once somebody wants to take it away; the question is held meanwhile. */
export class UseWatch implements UseProofs {
  readonly #wanted = new Map<string, Wanted>();

  want(asked: UseAsked, nowMs: number): void {
    const key = keyOf(asked);
    // The same object again: a read of it may be under way.
    const wanted = this.#wanted.get(key) ?? { asked, askedAtMs: nowMs, found: null };
    wanted.askedAtMs = nowMs;
    this.#wanted.delete(key);
    this.#wanted.set(key, wanted);
    if (this.#wanted.size > WANTED_MAX) this.#wanted.delete(this.#wanted.keys().next().value as string);
  }

  find(asked: UseAsked): UseFound | null {
    return this.#wanted.get(keyOf(asked))?.found ?? null;
  }

  /** @throws PipelineError store_unavailable */
  async refresh(client: ClickHouseClient, nowMs: number): Promise<void> {
    // A copy: who asks meanwhile moves its own to the end.
    for (const [key, wanted] of [...this.#wanted]) {
      if (nowMs - wanted.askedAtMs > WANTED_MS) this.#wanted.delete(key);
      else if (wanted.found === null || nowMs - wanted.found.readAtMs >= READ_AGAIN_MS)
        wanted.found = await readFound(client, wanted.asked, nowMs);
    }
  }
}

async function readFound(client: ClickHouseClient, asked: UseAsked, nowMs: number): Promise<UseFound> {
  const untilMs = Math.floor(nowMs / STEP_MS) * STEP_MS;
  const fromMs = Math.ceil((nowMs - asked.forMs) / STEP_MS) * STEP_MS;
  const whole = { serviceName: asked.serviceName, fromMs, stepMs: STEP_MS };
  const past = await readUse(client, { ...whole, untilMs });
  // Steps are whole ones; a request of this very moment counts all the same.
  const present = await readUse(client, { ...whole, fromMs: untilMs, untilMs: nowMs + STEP_MS });
  const steps = Math.max(1, (untilMs - fromMs) / STEP_MS);
  return {
    asked,
    requests: past.requests + present.requests,
    lastUsedAtMs: present.lastUsedAtMs ?? past.lastUsedAtMs,
    coveredRatio: past.coveredSteps / steps,
    incompleteRatio: past.incompleteSteps / steps,
    readAtMs: nowMs,
  };
}
