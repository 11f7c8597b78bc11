import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Command, Option } from 'commander';
import { type Decision, type DecisionOutcome, type DecisionRequest, STAGES } from '../../core/decision.ts';
import { PipelineError } from '../../core/errors.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';

/** Errors are 1, so that a script can tell "no" from "nobody answered". */
const EXIT_CODES: Readonly<Record<DecisionOutcome, number>> = { allow: 0, deny: 10, hold: 20 };

interface AskFlags extends ClientFlags {
  readonly service?: string;
  readonly kind?: string;
  readonly stage?: NonNullable<DecisionRequest['action']['stage']>;
  readonly from?: number;
  readonly to?: number;
  readonly actor: string;
  readonly actorType: string;
  readonly env?: string;
  readonly region?: string;
  readonly target?: Readonly<Record<string, string>>;
  readonly plan?: string;
  readonly shadow?: boolean;
  readonly request?: string;
}

export function askCommand(): Command {
  return withClientFlags(new Command('ask'))
    .description('ask the gate whether an action may be done')
    .option('--service <name>', 'the service to act on')
    .option(
      '--kind <kind>',
      'such as scale.up, scale.down, rollout.advance; from --from and --to when left out',
    )
    .addOption(new Option('--stage <stage>', 'lifecycle stage (default: from the kind)').choices(STAGES))
    .option('--from <replicas>', 'replicas now', wholeNumber)
    .option('--to <replicas>', 'replicas wanted', wholeNumber)
    .option('--actor <id>', 'who wants to act', `cli/${userInfo().username}`)
    .option('--actor-type <type>', 'what the actor is', 'human')
    .option('--env <name>', 'environment of the target')
    .option('--region <name>', 'region of the target')
    .option('--target <name=value>', 'any other part of the target; may be repeated', collectTarget)
    .option('--plan <generation>', 'generation of the plan the decision is for')
    .option(
      '--request <file>',
      'ask this request (JSON), as plumbline approve prints it; the other flags are not read',
    )
    .option('--shadow', 'ask without consequence: recorded, never enforced')
    .addHelpText(
      'after',
      `\nExit codes: 0 allow, 10 deny, 20 hold, 1 error.\n${examples('ask --service checkout --from 12 --to 4', 'ask --service checkout --kind rollout.advance --actor argo/checkout --json')}`,
    )
    .action(async (flags: AskFlags) => {
      const decision = await ask(flags);
      print(flags, decision, () => decisionText(decision));
      process.exitCode = EXIT_CODES[decision.decision] ?? 1;
    });
}

async function ask(flags: AskFlags): Promise<Decision> {
  try {
    return await connectApi(flags).postJson<Decision>(
      '/decisions',
      flags.request === undefined ? requestOf(flags) : readRequest(flags.request),
    );
  } catch (error) {
    // Whatever went wrong, the exit code says "error" and never looks like an answer.
    if (error instanceof PipelineError)
      throw new PipelineError('api_unavailable', error.message, error.facts, error);
    throw error;
  }
}

function readRequest(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new PipelineError('api_unavailable', `${file} holds no request: ${why}.`);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new PipelineError('api_unavailable', `"${text}" is no number of replicas.`);
  return Number(text);
}

function collectTarget(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [name, ...value] = text.split('=');
  if (!name || value.length === 0) {
    throw new PipelineError('api_unavailable', `"${text}" is no part of a target: write it like zone=eu-1a.`);
  }
  return { ...before, [name]: value.join('=') };
}

/** `scale` alone, or nothing with both numbers, means scale.up or scale.down by the numbers. */
function kindOf({ kind, from, to }: AskFlags): string {
  const byNumbers =
    from === undefined || to === undefined ? undefined : to < from ? 'scale.down' : 'scale.up';
  if (kind !== undefined && kind !== 'scale') return kind;
  if (byNumbers !== undefined) return byNumbers;
  throw new PipelineError('api_unavailable', 'What is to be done? Pass --kind, or both --from and --to.');
}

function requestOf(flags: AskFlags): DecisionRequest {
  const { service, env, region } = flags;
  const target = Object.entries({ service, env, region, ...flags.target }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    mode: flags.shadow === true ? 'shadow' : 'enforce',
    actor: { id: flags.actor, type: flags.actorType },
    action: {
      kind: kindOf(flags),
      stage: flags.stage,
      from: flags.from === undefined ? undefined : { replicas: flags.from },
      to: flags.to === undefined ? undefined : { replicas: flags.to },
      planGeneration: flags.plan,
    },
    target: Object.fromEntries(target) as Record<string, string>,
  };
}

function decisionText(decision: Decision): string {
  const { state, confidence } = decision.data;
  const lines = [
    `${decision.decision.toUpperCase()} until ${decision.validUntil} (decision ${decision.decisionId}, number ${decision.seq})`,
    `  data: ${state}${confidence === null ? '' : `, confidence ${confidence.toFixed(2)}`}`,
    ...decision.reasons.map(
      ({ severity, code, constraint, text }) => `  ${severity}: ${text} [${code}, ${constraint}]`,
    ),
    Object.keys(decision.limits).length > 0 && `  within: ${JSON.stringify(decision.limits)}`,
    decision.failMode !== null && `  fail mode: ${decision.failMode}`,
    ...decision.wouldAllowIf.map((condition) => `  would allow if: ${condition}`),
    decision.retryAfterS !== null && `  ask again in ${decision.retryAfterS} s`,
  ];
  return `${lines.filter((line) => line !== false).join('\n')}\n`;
}
