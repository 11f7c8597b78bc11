import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { readVerifierKeys } from '../../gates/checkpoint-file.ts';
import type { Checkpoint } from '../../gates/ledger-line.ts';
import { proveDecision } from '../../gates/prove-decision.ts';
import { type PublicKey, verifierLine } from '../../gates/receipts/public-key.ts';
import { openNote } from '../../gates/receipts/signed-note.ts';
import { ownKeyPath, readSigningKey } from '../../gates/receipts/signing-key.ts';
import { parseTreeHead, type TreeHead } from '../../gates/receipts/tree-head.ts';
import { ledgerPath } from '../../gates/segment-files.ts';
import { type LedgerCheck, verifyLedger } from '../../gates/verify-ledger.ts';
import { proofProblem } from '../../gates/verify-proof.ts';
import { examples, print } from '../client-flags.ts';
import { readKeyFile } from '../read-key-file.ts';
import { readOwnConfig } from '../server-addresses.ts';

interface Flags {
  readonly dataDir?: string;
  readonly json?: boolean;
}

interface VerifyFlags extends Flags {
  readonly since?: string;
  readonly key?: string;
  readonly proof?: string;
}

export function ledgerCommand(): Command {
  return new Command('ledger')
    .description('work with the ledger of decisions')
    .addCommand(verifyCommand())
    .addCommand(proveCommand())
    .addCommand(keyCommand());
}

function withDataDir(command: Command): Command {
  return command
    .option('--data-dir <path>', 'data directory that holds the ledger (default: PLUMBLINE_DATA_DIR)')
    .option('--json', 'print JSON');
}

function verifyCommand(): Command {
  return withDataDir(new Command('verify'))
    .description(
      'recompute every hash of the ledger, and its signed checkpoints; works beside a running server',
    )
    .option(
      '--since <checkpoint>',
      'kept elsewhere, as seq:hash or the file of a signed one: shows what was cut off or made anew',
    )
    .option('--key <file>', 'public keys kept elsewhere (default: those beside the ledger)')
    .option('--proof <file>', 'check what "ledger prove" wrote instead; needs no ledger when --key is given')
    .addHelpText('after', VERIFY_HELP)
    .action((flags: VerifyFlags) => {
      const dataDir = dataDirOf(flags);
      const keys = flags.key === undefined ? readVerifierKeys(ledgerPath(dataDir)) : readKeyFile(flags.key);
      if (flags.proof !== undefined) return verifyProof(flags.proof, { keys, flags });
      const since = flags.since === undefined ? {} : { since: parseSince(flags.since, keys) };
      const check = verifyLedger(dataDir, { keys, ...since });
      print(flags, check, () => checkText(check, dataDir));
      process.exitCode = check.isIntact ? 0 : 1;
    });
}

const VERIFY_HELP = `
GET /api/v1/ledger/checkpoint gives the newest line as JSON, and the newest signed checkpoint as text/plain; keep one
where nobody who can write the data directory can, or set PLUMBLINE_CHECKPOINT_DIR.

Exit codes: 0 intact, 1 changed, cut off or not there, 2 a file that cannot be read.
${examples('ledger verify', `ledger verify --since 812:${'9f'.repeat(4)}...`, 'ledger verify --since /mnt/kept/checkpoint.txt --key replica.pub')}`;

function proveCommand(): Command {
  return withDataDir(new Command('prove'))
    .description('print a proof that a decision is in the signed ledger, as JSON')
    .argument('<decision>', 'id of a decision of this replica')
    .addHelpText(
      'after',
      examples('ledger prove d_9f… > proof.json', 'ledger verify --proof proof.json --key replica.pub'),
    )
    .action((decisionId: string, flags: Flags) => {
      const proof = proveDecision(dataDirOf(flags), decisionId);
      process.stdout.write(`${JSON.stringify(proof, null, 2)}\n`);
    });
}

function keyCommand(): Command {
  return withDataDir(new Command('key'))
    .description('print the public key that receipts and checkpoints are signed with')
    .action((flags: Flags) => {
      const own = ownKeyPath(dataDirOf(flags));
      const path = flags.dataDir === undefined ? (readOwnConfig().signingKeyFile ?? own) : own;
      if (!existsSync(path)) {
        const text = `There is no key ${path} yet: it is made when the server starts for the first time.`;
        throw new PipelineError('not_found', text, { path });
      }
      const key = readSigningKey(path).public;
      const verifier = verifierLine(key);
      print(flags, { name: key.name, kid: key.keyId, verifier }, () => `${verifier}\n`);
    });
}

const dataDirOf = (flags: Flags): string => flags.dataDir ?? readOwnConfig().dataDir;

function parseSince(text: string, keys: readonly PublicKey[]): Checkpoint | TreeHead {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (match !== null) return { seq: Number(match[1]), hash: match[2] as string };
  const refuse = (why: string) =>
    new PipelineError(
      'request_invalid',
      `"${text}" is no checkpoint (${why}): write it as seq:hash, with 64 hex digits, or give the file of a signed one.`,
    );
  let note: string;
  try {
    note = readFileSync(text, 'utf8');
  } catch {
    throw refuse('and there is no such file');
  }
  const opened = openNote(note, keys);
  if ('problem' in opened) throw refuse(`it ${opened.problem}`);
  const head = parseTreeHead(opened.text);
  if (head === null) throw refuse('its text is none');
  return head;
}

const PROOF = z.strictObject({
  decisionId: z.string(),
  line: z.string(),
  index: z.int(),
  path: z.array(z.string()),
  checkpoint: z.string(),
});

function verifyProof(
  path: string,
  { keys, flags }: { keys: readonly PublicKey[]; flags: VerifyFlags },
): void {
  let proof: z.output<typeof PROOF>;
  try {
    proof = PROOF.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const text = `${path} is no proof as "plumbline ledger prove" writes it.`;
    throw new PipelineError('request_invalid', text, { path }, cause);
  }
  const problem = proofProblem(proof, keys);
  print(flags, { isProved: problem === null, decisionId: proof.decisionId, problem }, () =>
    problem === null
      ? `Proved: ${proof.decisionId} is line ${proof.index + 1} of the signed ledger.\n`
      : `NOT PROVED: ${problem}.\n`,
  );
  process.exitCode = problem === null ? 0 : 1;
}

function checkText(check: LedgerCheck, dataDir: string): string {
  const { isIntact, lineCount, head, problem, checkpointCount, signedSeq } = check;
  const signed = `${checkpointCount} checkpoints, signed up to line ${signedSeq}`;
  if (isIntact)
    return `Intact: ${lineCount} lines in ${dataDir}, the last is ${head.seq}:${head.hash}; ${signed}\n`;
  return `NOT INTACT: ${problem?.text}. Good up to ${head.seq}:${head.hash}; ${signed}\n`;
}
