import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startServer } from '../main/run-plumbline.ts';

/** From the fault to the hold, and from its end to the next allow: what a user of the demo is promised. */
const HOLD_MS_MAX = 30_000;
const ALLOW_MS_MAX = 60_000;
const WARM_UP_MS_MAX = 240_000;
const CONTROL_PORT = 24_320;

interface Answer {
  readonly decision: 'allow' | 'deny' | 'hold';
  readonly reasons: readonly { readonly code: string; readonly severity: string }[];
}

let dataDir: string;
let demo: Server;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-demo-'));
  demo = await startServer({ command: 'demo', dataDir, env: { PLUMBLINE_DEMO_PORT: `${CONTROL_PORT}` } });
  await msUntil('allow', WARM_UP_MS_MAX);
}, WARM_UP_MS_MAX + 60_000);

afterAll(async () => {
  demo?.signalGroup('SIGTERM');
  await demo?.exitCode();
  rmSync(dataDir, { recursive: true, force: true });
});

function api(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${demo.ports.apiPort}/api/v1${path}`, init);
}

/** Asked in shadow mode: the question of a bystander, for the record only. */
async function ask(): Promise<Answer> {
  const response = await api('/decisions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      mode: 'shadow',
      actor: { id: 'test/bystander' },
      action: { kind: 'scale.down', from: { replicas: 5 }, to: { replicas: 4 } },
      target: { service: 'checkout' },
    }),
  });
  return (await response.json()) as Answer;
}

async function msUntil(decision: Answer['decision'], patienceMs: number): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const answer = await ask();
    const elapsedMs = performance.now() - startedAtMs;
    if (answer.decision === decision) return elapsedMs;
    if (elapsedMs > patienceMs) throw new Error(`still ${JSON.stringify(answer)} after ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function switchFault(name: string, to: 'on' | 'off'): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${CONTROL_PORT}/faults/${name}/${to}`, { method: 'POST' });
  expect(response.status).toBe(200);
}

describe('the demo', () => {
  it.each(['lose', 'delay', 'incoherent'])(
    'holds in time when %s is on, and allows in time when it is off',
    async (fault) => {
      await msUntil('allow', ALLOW_MS_MAX);
      await switchFault(fault, 'on');
      const holdMs = await msUntil('hold', HOLD_MS_MAX);
      // The fault must have shown itself fully before its end is timed.
      await new Promise((resolve) => setTimeout(resolve, 30_000));
      await switchFault(fault, 'off');
      const allowMs = await msUntil('allow', ALLOW_MS_MAX);
      console.log(
        `${fault}: hold after ${(holdMs / 1_000).toFixed(1)} s, allow after ${(allowMs / 1_000).toFixed(1)} s`,
      );
    },
    300_000,
  );

  it('writes one report about a service that is stuck', async () => {
    await switchFault('stuck', 'on');
    const startedAtMs = performance.now();
    const aboutCheckout = async () => {
      const { reports } = (await (await api('/reports')).json()) as {
        reports: { subjectId: string; openedAt: string; state: string }[];
      };
      return reports.filter(({ subjectId }) => subjectId.startsWith('finding:stabilised-bad-state:'));
    };
    await expect.poll(aboutCheckout, { timeout: 240_000, interval: 1_000 }).toHaveLength(1);
    console.log(`stuck: report after ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`);
    await new Promise((resolve) => setTimeout(resolve, 180_000));
    expect(await aboutCheckout()).toHaveLength(1);
    await switchFault('stuck', 'off');
    await expect
      .poll(async () => (await aboutCheckout())[0]?.state, { timeout: 300_000, interval: 1_000 })
      .toBe('closed');
    expect(await aboutCheckout()).toHaveLength(1);
  }, 800_000);
});
