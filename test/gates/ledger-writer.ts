import type { DecisionBody } from '../../gates/decide.ts';
import { Ledger } from '../../gates/ledger.ts';
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

/** Appends for ever, `width` at a time, and prints the number of every decision once it was given. */
async function writeForEver(dataDir: string, width: number): Promise<void> {
  const ledger = new Ledger(dataDir);
  for (;;) {
    const asked = Array.from({ length: width }, (_, index) =>
      ledger.append({ decidedAtMs: NOW_MS, decisionId: `d_${index}`, request: askOf(), body: bodyOf(1_000) }),
    );
    for (const answer of await Promise.allSettled(asked)) {
      const line =
        answer.status === 'fulfilled' ? String(answer.value.seq) : (answer.reason as { code: string }).code;
      process.stdout.write(`${line}\n`);
      if (answer.status === 'rejected') process.exit(3);
    }
  }
}

if (process.argv[1] === import.meta.filename)
  await writeForEver(process.argv[2] as string, Number(process.argv[3]));
