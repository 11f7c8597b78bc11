import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertVerdicts } from '../../store/verdicts.ts';
import { tracesVerdicts } from '../gates/judged-world.ts';
import { runPlumbline } from '../main/run-plumbline.ts';
import { send, startTestWorld, type TestWorld } from './start-adapters.ts';

let world: TestWorld;
let url: string;

beforeAll(async () => {
  world = await startTestWorld();
  url = `http://127.0.0.1:${(await world.start('ask')).port}`;
});
afterAll(() => world.close());

const ask = (flags: string, api = url) =>
  runPlumbline(['ask', '--api', api, ...flags.split(' ')], { dataDir: world.dataDir });

it('--wait asks again through a hold, and answers as ever', async () => {
  const waiting = ask('--service late --kind rollout.start --wait 60s');
  const asked = async () => (await send(`${url}/api/v1/decisions?service=late`)).body.decisions.length;
  await expect.poll(asked, { timeout: 20_000 }).toBe(1);
  await insertVerdicts(world.engine.client, [
    ...tracesVerdicts('pass', { serviceName: 'late', evaluatedAtMs: Date.now() - 500, validForMs: 600_000 }),
  ]);
  const { code, stdout, stderr } = await waiting;
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^ALLOW /)]);
  expect(stderr).toMatch(/^HOLD: .* Asking again in \d+ s\.$/m);
});

it.each([
  ['a hold that outlasts it', '--service cart --kind rollout.start --wait 1s', 20],
  ['a deny', '--service cart --kind promote --wait 60s', 10],
  ['a duration that is none', '--service cart --kind promote --wait long', 1],
])('--wait does not wait for %s', async (_, flags, code) => {
  expect((await ask(flags)).code).toBe(code);
});

it('--wait does not wait for a gate that does not answer', async () => {
  expect((await ask('--service cart --kind rollback --wait 60s', 'http://127.0.0.1:1')).code).toBe(1);
});

it.each([
  [
    '--service checkout --kind restart.one',
    'unknown data: allow (one restart harms little; built-in)',
    'budget',
  ],
  ['--kind delete', 'unknown data: deny', 'closed'],
])('--fail-mode explains %s', async (flags, unknown, unreachable) => {
  const { code, stdout } = await ask(`${flags} --fail-mode`);
  expect([code, stdout]).toEqual([0, expect.stringContaining(unknown)]);
  expect(stdout).toContain(`without a gate: ${unreachable} `);
  const alone = await ask(`${flags} --fail-mode --json`, 'http://127.0.0.1:1');
  expect(JSON.parse(alone.stdout)).toMatchObject({ unreachable, constraint: 'built-in' });
});
