import { setTimeout as sleep } from 'node:timers/promises';
import type { DecisionBody } from '../../gates/decide.ts';
import { Ledger } from '../../gates/ledger.ts';
import { decisionEntry } from '../../gates/ledger-entry.ts';
import { askOf, NOW_MS } from './judged-world.ts';

/** An answer with `padLength` characters of text, so that a disk fills as fast as a test wants. */
export function bodyOf(padLength: number = 100): DecisionBody {
  return {
    decision: 'hold',
    validUntil: '2026-11-24T12:00:05.000Z',
    retryAfterS: 5,
    data: { state: 'unknown', confidence: null, components: [] },
    reasons: [],
    limits: {},
    wouldAllowIf: ['x'.repeat(padLength)],
    failMode: 'hold',
    constraintSet: 'built-in',
  };
}

/**
 * Appends for ever, and prints the number of every decision once it was given, or the code of its failure.
 * Groups of `width` and of one take turns: a shorter one follows each.
 */
async function writeForEver(dataDir: string, width: number, segmentBytes: number): Promise<void> {
  const ledger = new Ledger(dataDir, { segmentBytes });
  for (let round = 0; ; round++) {
    const asked = Array.from({ length: round % 2 === 0 ? width : 1 }, (_, index) =>
      ledger.append(
        decisionEntry({
          decidedAtMs: NOW_MS,
          decisionId: `d_${round}_${index}`,
          request: askOf(),
          body: bodyOf(1_000),
        }),
      ),
    );
    const answers = await Promise.allSettled(asked);
    for (const answer of answers) {
      const line =
        answer.status === 'fulfilled' ? String(answer.value.seq) : (answer.reason as { code: string }).code;
      process.stdout.write(`${line}\n`);
    }
    if (answers.some(({ status }) => status === 'rejected')) await sleep(20); // a full disk is no race
  }
}

if (process.argv[1] === import.meta.filename) {
  const [dataDir, width, segmentBytes] = process.argv.slice(2) as [string, string, string];
  await writeForEver(dataDir, Number(width), Number(segmentBytes));
}
