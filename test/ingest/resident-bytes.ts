import { readFile } from 'node:fs/promises';

/** What a process holds in memory, as Linux counts it. */
export interface ResidentBytes {
  readonly total: number;
  /** Without pages of files (programs, the spool), which the kernel takes back when it wants to. */
  readonly anonymous: number;
}

export async function residentBytes(pid: number): Promise<ResidentBytes> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;
  return { total: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}
