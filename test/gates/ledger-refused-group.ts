import { execFileSync } from 'node:child_process';
import { Ledger } from '../../gates/ledger.ts';
import { decisionEntry } from '../../gates/ledger-entry.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

/** As on a full disk: no file of this process grows beyond it. */
function limitFileBytes(fileBytesMax: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${fileBytesMax}:`]);
}

/**
 * Writes one line, fails with a group of which whole lines came to disk, then writes a line that needs the next
 * segment. Prints what each was answered.
 */
async function refuseGroup(dataDir: string): Promise<void> {
  const ledger = new Ledger(dataDir, { segmentBytes: 32_768 });
  const answer = async (lineCount: number, padLength: number) => {
    const asked = Array.from({ length: lineCount }, () =>
      ledger.append(
        decisionEntry({
          decidedAtMs: NOW_MS,
          decisionId: 'd',
          request: askOf(),
          body: bodyOf(padLength),
        }),
      ),
    );
    const settled = await Promise.allSettled(asked);
    return settled.map((one) => (one.status === 'fulfilled' ? one.value.seq : one.reason.code));
  };
  const before = await answer(1, 1_000);
  limitFileBytes('16384');
  const refused = await answer(12, 1_000);
  limitFileBytes('unlimited');
  const after = await answer(1, 31_000);
  await ledger.close();
  console.log(JSON.stringify({ before, refused, after }));
}

await refuseGroup(process.argv[2] as string);
