import { readFile } from 'node:fs/promises';

/** What a process holds in memory, as Linux counts it. */
export interface ResidentBytes {
  readonly total: number;
  /** Without pages of files (programs, the spool), which the kernel takes back when it wants to. */
  readonly anonymous: number;
}

export async function residentBytes(pids: readonly number[]): Promise<ResidentBytes> {
  const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
  const sum = (name: string) =>
    statuses.reduce((total, status) => {
      const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
      return total + Number(kibibytes) * 1_024;
    }, 0);
  return { total: sum('VmRSS'), anonymous: sum('RssAnon') };
}
