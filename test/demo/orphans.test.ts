import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

it('a process of the shop ends when the demo is killed', async () => {
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'parent-main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const { port } = JSON.parse(line) as { port: number };
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/charges`, { method: 'POST' }).then(
      (response) => response.ok,
      () => false,
    );
  expect(await answers()).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(answers, { timeout: 5_000 }).toBe(false);
});
