import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked } from '../messages.ts';
import { askGate } from './ask-gate.ts';
import { nextStep } from './next-step.ts';
import { startProcess } from './start-process.ts';

const TICK_MS = 5_000;

const autoscaler = await startProcess();
const checkoutUrl = autoscaler.url('checkout');

async function readLoad(): Promise<{ replicas: number; requestsPerSecond: number }> {
  const response = await fetch(`${checkoutUrl}/load`, { signal: AbortSignal.timeout(2_000) });
  return (await response.json()) as { replicas: number; requestsPerSecond: number };
}

async function tick(count: number): Promise<void> {
  const { replicas, requestsPerSecond } = await readLoad();
  const to = nextStep({ replicas, requestsPerSecond, tick: count });
  if (to === replicas) return;
  const action: Asked['action'] = to > replicas ? 'scale.up' : 'scale.down';
  const { answer, reasons, failMode } = await askGate({
    apiUrl: autoscaler.url('api'),
    key: autoscaler.options.key,
    action,
    from: replicas,
    to,
  });
  // Without a gate to ask, the safe direction is more capacity.
  const acted = answer === 'allow' || (answer === 'unreachable' && action === 'scale.up');
  if (acted) await fetch(`${checkoutUrl}/replicas?count=${to}`, { method: 'POST' });
  autoscaler.tell({ kind: 'asked', action, from: replicas, to, answer, reasons, failMode, acted });
}

for (let count = 0; !autoscaler.signal.aborted; count++) {
  await tick(count).catch(() => undefined); // checkout is starting or gone: the next tick asks again
  await sleep(TICK_MS, undefined, { signal: autoscaler.signal }).catch(() => undefined);
}
