import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { verifyReceipt } from '../../gates/receipts/verify-receipt.ts';
import { examples, print } from '../client-flags.ts';
import { readKeyFile } from '../read-key-file.ts';

interface Flags {
  readonly key: string;
  readonly action: string;
  readonly target: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly plan?: string;
  readonly at?: string;
  readonly json?: boolean;
}

export function receiptCommand(): Command {
  const verify = new Command('verify')
    .description('does this receipt allow exactly this, now? Needs no server')
    .argument('<token>', 'receipt of a decision')
    .requiredOption('--key <file>', 'public keys: what "plumbline ledger key" prints')
    .requiredOption('--action <kind>', 'what is about to be done, such as scale.down')
    .requiredOption('--target <name=value...>', 'what it is done to')
    .option('--from <name=value...>', 'where it stands now, such as replicas=12')
    .option('--to <name=value...>', 'where it goes to (default: what was asked)')
    .option('--plan <generation>', 'generation of the plan that is carried out')
    .option('--at <time>', 'as if it were this time (default: now)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((token: string, flags: Flags) => {
      const action = {
        kind: flags.action,
        target: members(flags.target),
        from: sizes(flags.from),
        to: sizes(flags.to),
        planGeneration: flags.plan,
      };
      const check = verifyReceipt(token, { keys: readKeyFile(flags.key), action, nowMs: timeOf(flags.at) });
      print(flags, check, () =>
        check.isValid
          ? `Valid: ${check.claims.jti} allows it until ${new Date(1_000 * check.claims.exp).toISOString()}.\n`
          : `NOT VALID (${check.reason}): ${check.text}\n`,
      );
      process.exitCode = check.isValid ? 0 : 1;
    });
  return new Command('receipt').description('work with receipts of decisions').addCommand(verify);
}

const HELP = `
Exit codes: 0 it allows it, 1 it does not (the reason is printed), 2 the question or a file cannot be read.
${examples('receipt verify eyJ… --key replica.pub --action scale.down --target service=checkout --plan rv881233')}`;

function members(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new PipelineError('request_invalid', `"${pair}" is no name=value.`);
    }),
  );
}

/** Numbers where they are numbers. */
function sizes(pairs: readonly string[] | undefined): Record<string, unknown> | undefined {
  if (pairs === undefined) return undefined;
  const entries = Object.entries(members(pairs));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]),
  );
}

function timeOf(text: string | undefined): number {
  const timeMs = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new PipelineError('request_invalid', `"${text}" is no time, such as 2026-11-27T12:00:00Z.`);
}
