import { spawnSync } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

/** Only root may mount; whoever is not tests full disks by a limit on the size of files instead. */
export const MAY_MOUNT = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;

/** A file system of its own, in memory. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves so many bytes free. */
  fill(freeBytes: number): Promise<void>;
  /** Takes back what `fill` took. */
  free(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder.path]);
  const filler = join(folder.path, 'filler');
  return {
    path: folder.path,
    fill: async (freeBytes) => {
      const { bavail, bsize } = await statfs(folder.path);
      const filling = writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
      await filling.catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error; // who else writes there was faster
      });
    },
    free: () => rm(filler),
    [Symbol.asyncDispose]: async () => {
      run('umount', ['--lazy', folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
