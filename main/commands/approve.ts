import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { parseDurationMs, rfc3339 } from '../../core/time.ts';
import { parseDecisionRequest } from '../../gates/decision-request.ts';
import { readSigningKey } from '../../gates/receipts/signing-key.ts';
import { APPROVAL_MS_MAX, approve } from '../../gates/stages/approval.ts';
import { examples } from '../client-flags.ts';

interface ApproveFlags {
  readonly key: string;
  readonly keyId: string;
  readonly by: string;
  readonly for: string;
}

/** Works without a server: the key never leaves the machine of the person. */
export function approveCommand(): Command {
  return new Command('approve')
    .description('sign a request of somebody else, as the second person that humanKey: required asks for')
    .argument('<request>', 'the request to approve: a JSON file as it is asked, or - for the input')
    .requiredOption('--key <file>', 'your private Ed25519 key (PEM)')
    .requiredOption('--key-id <id>', 'its id under keys in the constraint file')
    .option('--by <name>', 'who you are', userInfo().username)
    .option('--for <duration>', 'how long it counts, 24h at most', '15m')
    .addHelpText(
      'after',
      `\nPrints the request with its approval, ready to be asked.\nA key, whose public half goes under keys: plumbline key new alice.pem (or openssl genpkey -algorithm ed25519)\n${examples(
        'approve delete-cart.json --key alice.pem --key-id alice > approved.json',
      )}`,
    )
    .action((file: string, flags: ApproveFlags) => {
      process.stdout.write(`${JSON.stringify(approved(file, flags), null, 2)}\n`);
    });
}

function approved(file: string, flags: ApproveFlags) {
  const request = parseDecisionRequest(readJson(file));
  const forMs = parseDurationMs(flags.for);
  if (forMs === null || forMs <= 0 || forMs > APPROVAL_MS_MAX)
    throw invalid(`"${flags.for}" is no time up to 24h: write it like 15m.`);
  const expiresAt = rfc3339(Date.now() + forMs);
  if (flags.by === request.actor.id) throw invalid(`${flags.by} asks itself: a second person must approve.`);
  const { by, keyId } = flags;
  return { ...request, approval: approve(request, { by, keyId, key: readSigningKey(flags.key), expiresAt }) };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw invalid(
      `${file} is no JSON: ${error instanceof Error ? error.message : error}. Pass the request as it is asked.`,
    );
  }
}

function invalid(text: string): PipelineError {
  return new PipelineError('request_invalid', text);
}
