import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { unreachableMode } from '../../client/fail-modes.mjs';
import { type Decision, type DecisionOutcome, type DecisionRequest, STAGES } from '../../core/decision.ts';
import { hasCode, PipelineError } from '../../core/errors.ts';
import { parseDurationMs } from '../../core/time.ts';
import type { EffectiveConstraints } from '../../gates/effective-constraints.ts';
import { builtInFailMode } from '../../gates/fail-modes.ts';
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
  readonly wait?: number;
  readonly failMode?: boolean;
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
    .option(
      '--wait <duration>',
      'ask again through a hold for so long, such as 10m (default: once)',
      duration,
    )
    .option('--fail-mode', 'ask nothing: say what holds for this kind on unknown data, and without a gate')
    .addHelpText(
      'after',
      `\nExit codes: 0 allow, 10 deny, 20 hold (with --wait: still), 1 error. Without an answer it is always 1, whatever the kind: an actor that\nshould go on then has the client of docs/client.md.\n${examples('ask --service checkout --from 12 --to 4', 'ask --service checkout --kind rollout.advance --actor argo/checkout --json', 'ask --service checkout --kind rollout.start --wait 10m', 'ask --service checkout --kind restart.one --fail-mode')}`,
    )
    .action(async (flags: AskFlags) => {
      if (flags.failMode === true) return print(flags, ...(await failModeOf(flags)));
      const decision = await askThrough(flags);
      print(flags, decision, () => decisionText(decision));
      process.exitCode = EXIT_CODES[decision.decision] ?? 1;
    });
}

const WAIT_S_MIN = 1;

/** Only a hold is asked again: any other answer, and none at all, is the end. */
async function askThrough(flags: AskFlags): Promise<Decision> {
  const request = flags.request === undefined ? requestOf(flags) : readRequest(flags.request);
  const untilMs = performance.now() + (flags.wait ?? 0);
  for (;;) {
    const decision = await ask(flags, request);
    const againS = Math.max(WAIT_S_MIN, decision.retryAfterS ?? WAIT_S_MIN);
    if (decision.decision !== 'hold' || performance.now() + 1_000 * againS > untilMs) return decision;
    const [reason] = decision.reasons.filter(({ severity }) => severity === 'blocking');
    console.error(`HOLD: ${reason?.text ?? 'no reason given'} Asking again in ${againS} s.`);
    await sleep(1_000 * againS);
  }
}

interface FailModeExplained {
  readonly kind: string;
  /** What unknown data means: by the constraint files in force, else by the built-in table. */
  readonly unknown: string;
  readonly why: string;
  readonly constraint: string;
  readonly unreachable: string;
}

async function failModeOf(flags: AskFlags): Promise<[FailModeExplained, () => string]> {
  const kind = kindOf(flags).toLowerCase();
  const { unreachable } = unreachableMode({ kind, stage: flags.stage });
  const written = flags.service === undefined ? null : await effectiveMode(flags, flags.service, kind);
  const builtIn = builtInFailMode({ kind, stage: flags.stage ?? null });
  const { unknown, why, constraint } = written ?? { ...builtIn, constraint: 'built-in' };
  const explained = { kind, unknown, why, constraint, unreachable };
  const lines = [
    `${kind} on unknown data: ${unknown} (${why}; ${constraint})`,
    `${kind} without a gate: ${unreachable} for actors with the client of docs/client.md; for this command exit code 1`,
  ];
  if (written === null && flags.service !== undefined)
    lines.push('No server answers: constraint files may say otherwise.');
  return [explained, () => `${lines.join('\n')}\n`];
}

/** Null when no server answers. */
async function effectiveMode(
  flags: AskFlags,
  service: string,
  kind: string,
): Promise<EffectiveConstraints['kinds'][number] | null> {
  const given = Object.entries({ service, kind, env: flags.env }).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given as [string, string][]);
  try {
    const path = `/constraints/effective?${query}`;
    const { effective } = await connectApi(flags).getJson<{ effective: EffectiveConstraints }>(path);
    return effective.kinds[0] ?? null;
  } catch (error) {
    if (hasCode(error, 'api_unavailable')) return null;
    throw error;
  }
}

async function ask(flags: AskFlags, request: unknown): Promise<Decision> {
  try {
    return await connectApi(flags).postJson<Decision>('/decisions', request);
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

function duration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return durationMs;
  throw new PipelineError('api_unavailable', `"${text}" is no duration: write it like 90s or 10m.`);
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
