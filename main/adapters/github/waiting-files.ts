import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WaitingDeployment } from './protection-rule.ts';

/** Jobs that wait, one file each: GitHub asks once, so who forgets a job in a restart leaves it waiting for ever. */
export class WaitingFiles {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'github');
    mkdirSync(this.#folder, { recursive: true });
  }

  read(): WaitingDeployment[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(this.#folder, name), 'utf8')) as WaitingDeployment);
  }

  /** Whole or not at all. */
  async write(waiting: WaitingDeployment): Promise<void> {
    const path = this.#pathOf(waiting);
    await writeFile(`${path}.tmp`, JSON.stringify(waiting));
    await rename(`${path}.tmp`, path);
  }

  async remove(waiting: WaitingDeployment): Promise<void> {
    await rm(this.#pathOf(waiting), { force: true });
  }

  #pathOf(waiting: WaitingDeployment): string {
    return join(this.#folder, `${createHash('sha256').update(keyOf(waiting)).digest('hex')}.json`);
  }
}

/** One run may wait for several environments. */
export function keyOf({
  callbackUrl,
  environment,
}: Pick<WaitingDeployment, 'callbackUrl' | 'environment'>): string {
  return JSON.stringify([callbackUrl, environment]);
}
