import { userInfo } from 'node:os';
import { Argument, Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { FEEDBACKS } from '../../core/finding-act.ts';
import { parseDurationMs, rfc3339 } from '../../core/time.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';

interface PersonFlags extends ClientFlags {
  readonly by: string;
  readonly note?: string;
  readonly reason?: string;
}

interface Acted {
  readonly id: string;
  readonly state: string;
}

function withPersonFlags(command: Command): Command {
  return withClientFlags(command.argument('<id>', 'as findings shows it')).option(
    '--by <name>',
    'who stands for it',
    userInfo().username,
  );
}

async function act(
  id: string,
  path: string,
  flags: PersonFlags,
  body: Record<string, unknown>,
  says: string,
) {
  const url = `/findings/${encodeURIComponent(id)}/${path}`;
  const finding = await connectApi(flags).postJson<Acted>(url, { by: flags.by, ...body });
  print(flags, finding, () => `${finding.id}: ${says}\n`);
}

export function ackCommand(): Command {
  return withPersonFlags(new Command('ack'))
    .description(
      'acknowledge: nobody is told again unless it doubles; it stays open, and gates go on holding',
    )
    .option('--note <text>', 'what you are doing about it')
    .addHelpText('after', examples('findings ack ID --note "taking the cache back"'))
    .action((id: string, flags: PersonFlags) =>
      act(id, 'ack', flags, { note: flags.note }, 'acknowledged; told again only if it doubles.'),
    );
}

export function snoozeCommand(): Command {
  return withPersonFlags(new Command('snooze'))
    .description('tell nobody for a while, 7 days at most, unless it doubles')
    .option('--for <duration>', 'such as 4h or 2d')
    .option('--until <time>', 'instead of --for: RFC 3339')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', examples('findings snooze ID --for 2d --reason "fixed with the release on Monday"'))
    .action((id: string, flags: PersonFlags & { for?: string; until?: string }) => {
      const until = endOf(flags);
      return act(id, 'snooze', flags, { reason: flags.reason, until }, `snoozed until ${until}.`);
    });
}

function endOf({ for: duration, until }: { for?: string; until?: string }): string {
  const ms = duration === undefined ? null : parseDurationMs(duration);
  if (ms !== null && until === undefined) return rfc3339(Date.now() + ms);
  if (until !== undefined && duration === undefined) return until;
  const text =
    'A snooze has an end: pass --for 4h (m, h, d) or --until 2026-12-01T09:00:00Z, one of the two.';
  throw new PipelineError('request_invalid', text);
}

export function feedbackCommand(): Command {
  return withPersonFlags(new Command('feedback'))
    .description('say whether a finding was useful, noise (true, but nobody needs it) or wrong')
    .addArgument(new Argument('<word>', 'how it was').choices(FEEDBACKS))
    .option('--note <text>', 'why')
    .addHelpText('after', examples('findings feedback ID noise --note "a batch job, every night"'))
    .action((id: string, feedback: string, flags: PersonFlags) =>
      act(id, 'feedback', flags, { feedback, note: flags.note }, `${feedback}, noted.`),
    );
}

export function closeCommand(): Command {
  return withPersonFlags(new Command('close'))
    .description('close a finding; it opens anew when it doubles, or comes back after a recovery')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', examples('findings close ID --reason "this is how it is meant to be"'))
    .action((id: string, flags: PersonFlags) => act(id, 'close', flags, { reason: flags.reason }, 'closed.'));
}
