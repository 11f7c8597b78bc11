import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Decision } from '../../core/decision.ts';
import { PipelineError } from '../../core/errors.ts';
import { parseDurationMs } from '../../core/time.ts';
import { connectCluster } from '../adapters/keda/cluster-api.ts';
import {
  PAUSE_LABEL,
  type PauseChange,
  type PauseWriter,
  releasePauses,
  writePauses,
} from '../adapters/keda/pause-writer.ts';
import { type ClientFlags, connectApi, examples, withClientFlags } from '../client-flags.ts';

interface PauseFlags extends ClientFlags {
  readonly namespace?: string;
  readonly every: number;
  readonly ttl: number;
  readonly owner: string;
  readonly cluster?: string;
  readonly credentials?: string;
  readonly once?: boolean;
  readonly release?: boolean;
}

export function kedaPauseCommand(): Command {
  return withClientFlags(new Command('keda-pause'))
    .description(
      `pause scaling in of ScaledObjects labelled ${PAUSE_LABEL} while the gate does not allow scale.down`,
    )
    .option('--namespace <name>', 'only there (default: all namespaces)')
    .option('--every <duration>', 'how often to ask', duration, 30_000)
    .option(
      '--ttl <duration>',
      'what a pause says about its own end; it is renewed before',
      duration,
      600_000,
    )
    .option('--owner <name>', 'whose pauses these are; others are not touched', 'plumbline')
    .option('--cluster <url>', 'API server, such as that of kubectl proxy (default: the one around this pod)')
    .option('--credentials <folder>', 'folder with token and ca.crt (default: that of the service account)')
    .option('--once', 'one round')
    .option('--release', 'take all pauses of this owner off, and end')
    .addHelpText('after', examples('keda-pause', 'keda-pause --once --cluster http://127.0.0.1:8001'))
    .action(pause);
}

function duration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null && durationMs > 0) return durationMs;
  throw new PipelineError('request_invalid', `"${text}" is no duration: write it like 30s or 10m.`);
}

async function pause(flags: PauseFlags): Promise<void> {
  const { namespace, every, ttl, owner, cluster: url, credentials, once, release } = flags;
  const api = connectApi(flags);
  const writer: PauseWriter = {
    cluster: connectCluster({ url, credentials }, process.env),
    ask: (request) => api.postJson<Decision>('/decisions', request),
    now: Date.now,
    namespace,
    owner,
    ttlMs: ttl,
  };
  if (release === true) return tell(flags, await releasePauses(writer));
  if (once === true) return tell(flags, await writePauses(writer));
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort());
  const { signal } = stopping;
  while (!signal.aborted) {
    try {
      tell(flags, await writePauses(writer));
    } catch (error) {
      // The pauses that there are stay: that is the safe side.
      console.error(`plumbline: ${(error as Error).message}`);
    }
    await sleep(every, undefined, { signal }).catch(() => undefined);
  }
}

function tell(flags: PauseFlags, changes: readonly PauseChange[]): void {
  for (const change of changes) {
    const { namespace, name, done, why } = change;
    const text = `${namespace}/${name} ${done}${why === null ? '' : ` (${why})`}`;
    console.log(flags.json === true ? JSON.stringify(change) : text);
  }
}
