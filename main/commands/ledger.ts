import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import type { Checkpoint } from '../../gates/ledger-line.ts';
import { type LedgerCheck, verifyLedger } from '../../gates/verify-ledger.ts';
import { examples, print } from '../client-flags.ts';
import { readOwnConfig } from '../server-addresses.ts';

export function ledgerCommand(): Command {
  const verify = new Command('verify')
    .description('recompute every hash of the ledger of decisions; works beside a running server')
    .option('--data-dir <path>', 'data directory that holds the ledger (default: PLUMBLINE_DATA_DIR)')
    .option('--since <seq:hash>', 'a checkpoint kept elsewhere: shows also what was cut off', parseCheckpoint)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${VERIFY_HELP}${examples('ledger verify', `ledger verify --since 812:${'9f'.repeat(4)}...`)}`,
    )
    .action((flags: { dataDir?: string; since?: Checkpoint; json?: boolean }) => {
      const dataDir = flags.dataDir ?? readOwnConfig().dataDir;
      const check = verifyLedger(dataDir, flags.since === undefined ? {} : { since: flags.since });
      print(flags, check, () => checkText(check, dataDir));
      process.exitCode = check.isIntact ? 0 : 1;
    });
  return new Command('ledger').description('work with the ledger of decisions').addCommand(verify);
}

const VERIFY_HELP = `
GET /api/v1/ledger/checkpoint gives the newest line; keep it where nobody who can write the data directory can.

Exit codes: 0 intact, 1 changed, cut off or not there.
`;

function parseCheckpoint(text: string): Checkpoint {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (match !== null) return { seq: Number(match[1]), hash: match[2] as string };
  throw new PipelineError(
    'request_invalid',
    `"${text}" is no checkpoint: write it as seq:hash, with 64 hex digits.`,
  );
}

function checkText({ isIntact, lineCount, head, problem }: LedgerCheck, dataDir: string): string {
  if (isIntact) return `Intact: ${lineCount} lines in ${dataDir}, the last is ${head.seq}:${head.hash}\n`;
  return `NOT INTACT: ${problem?.text}. Good up to ${head.seq}:${head.hash}\n`;
}
