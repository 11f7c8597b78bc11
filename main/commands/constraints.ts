import { basename } from 'node:path';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { parseDurationMs, rfc3339 } from '../../core/time.ts';
import { constraintJsonSchema } from '../../gates/constraints/json-schema.ts';
import type { Problem } from '../../gates/constraints/problem.ts';
import { problemText } from '../../gates/constraints/problem.ts';
import {
  type ConstraintFileState,
  readConstraintFiles,
} from '../../gates/constraints/read-constraint-files.ts';
import type { EffectiveConstraints } from '../../gates/effective-constraints.ts';
import { runTests, type TestResult } from '../../gates/trials/run-tests.ts';
import { PATIENT_TIMEOUT_MS } from '../api-client.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { constraintsPrecisionCommand } from './constraints-precision.ts';

export function constraintsCommand(): Command {
  const lint = new Command('lint')
    .description('check constraint files or folders of them; needs no server')
    .argument('<file...>', 'YAML files, or folders that hold them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExit codes: 0 no errors, 1 errors, 2 a file cannot be read.\n${examples('constraints lint demo/constraints.yaml', 'constraints lint --json constraints/')}`,
    )
    .action((paths: readonly string[], flags: { json?: boolean }) => {
      const files = paths.flatMap(read);
      const problems = files.flatMap((file) => file.problems);
      const errorCount = problems.filter(({ severity }) => severity === 'error').length;
      print(flags, { files: files.map(({ file }) => file), problems }, () => lintText(files, errorCount));
      process.exitCode = errorCount > 0 ? 1 : 0;
    });
  const test = new Command('test')
    .description('run the tests that constraint files hold, by the rules of the gate; needs no server')
    .argument('<file...>', 'YAML files, or folders that hold them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExit codes: 0 all pass, 1 one fails or none was found, 2 a file has errors or cannot be read.\n${examples('constraints test deploy/constraints', 'constraints test --json checkout.yaml')}`,
    )
    .action((paths: readonly string[], flags: { json?: boolean }) => {
      const files = paths.flatMap(read);
      const problems = files.flatMap((file) => file.problems).filter(({ severity }) => severity === 'error');
      if (problems.length > 0) {
        const listed = problems.map(problemText).join('\n');
        throw new PipelineError('constraints_invalid', `Nothing was tested; correct first:\n${listed}`);
      }
      const results = runTests(files.flatMap(({ set }) => set ?? []));
      print(flags, { results }, () => testText(results));
      process.exitCode = results.length === 0 || results.some(({ isPassed }) => !isPassed) ? 1 : 0;
    });
  const schema = new Command('schema')
    .description('print the JSON Schema of constraint files, for editors; needs no server')
    .addHelpText('after', examples('constraints schema > schema.json'))
    .action(() => {
      process.stdout.write(`${JSON.stringify(constraintJsonSchema, null, 2)}\n`);
    });
  const replay = withClientFlags(new Command('replay'))
    .description('which past decisions would have been others under a changed file; asks the server for them')
    .argument('<file>', 'the changed file; it takes the place of the set of its name')
    .option('--from <time>', 'RFC 3339, or how long ago: 24h', '24h')
    .option('--to <time>', 'RFC 3339, or how long ago', '0s')
    .option('--limit <count>', 'the newest so many (at most 2000)')
    .addHelpText(
      'after',
      `\nWhat a decision rested on and did not record is tried in every way: where that matters it "cannot be replayed".\n\nExit codes: 0 nothing flips, 11 something does, 2 the file has errors or cannot be read, 1 error.\n${examples('constraints replay checkout.yaml --from 24h', 'constraints replay checkout.yaml --from 2026-11-20T00:00:00Z --json')}`,
    )
    .action(async (file: string, flags: ReplayFlags) => {
      const state = read(file)[0] as ConstraintFileState;
      const body = {
        text: state.text,
        file: basename(file),
        from: timeOf(flags.from),
        to: timeOf(flags.to),
        ...(flags.limit === undefined ? {} : { limit: Number(flags.limit) }),
      };
      const report = await connectApi(flags, PATIENT_TIMEOUT_MS).postJson<ReplayAnswer>(
        '/constraints/replay',
        body,
      );
      print(flags, report, () => replayText(report));
      process.exitCode = !report.valid ? 2 : report.flipped.length > 0 ? 11 : 0;
    });
  const effective = withClientFlags(new Command('effective'))
    .description(
      'what people wrote about a service, as the server holds it: limits, fail modes, policies, guardrails, stages, holds',
    )
    .requiredOption('--service <name>', 'the service')
    .option('--env <name>', 'environment of the target')
    .option('--namespace <name>', 'namespace of the target')
    .option('--kind <kind>', 'only this kind of action')
    .addHelpText('after', examples('constraints effective --service checkout --kind scale.down'))
    .action(
      async (flags: ClientFlags & { service: string; env?: string; namespace?: string; kind?: string }) => {
        const { service, env, namespace, kind } = flags;
        const asked = Object.entries({ service, env, namespace, kind }).filter(
          ([, value]) => value !== undefined,
        );
        const query = new URLSearchParams(asked as [string, string][]);
        const answer = await connectApi(flags).getJson<{ effective: EffectiveConstraints }>(
          `/constraints/effective?${query}`,
        );
        print(flags, answer.effective, () => effectiveText(answer.effective));
      },
    );
  return new Command('constraints')
    .description('work with constraint files')
    .addCommand(lint)
    .addCommand(test)
    .addCommand(schema)
    .addCommand(replay)
    .addCommand(effective)
    .addCommand(constraintsPrecisionCommand());
}

function read(path: string): ConstraintFileState[] {
  let files: ConstraintFileState[];
  try {
    files = readConstraintFiles(path, Date.now());
  } catch (error) {
    const text = `${path} cannot be read: ${(error as Error).message}.`;
    throw new PipelineError('constraints_invalid', text, { path }, error);
  }
  // A folder without files would pass every check: that is a mistake in the path.
  if (files.length > 0) return files;
  throw new PipelineError('constraints_invalid', `${path} holds no *.yaml file: check the path.`, { path });
}

function lintText(files: readonly ConstraintFileState[], errorCount: number): string {
  const lines = files.flatMap(({ problems }) =>
    problems.map((problem) => `${problem.severity}: ${problemText(problem)}`),
  );
  return `${[...lines, `${files.length} checked, ${errorCount} errors.`].join('\n')}\n`;
}

/** What was wanted beside what came, and why. */
function failureText({ file, name, expected, decision, reasons, fault }: TestResult): string[] {
  const wanted = [expected.decision, expected.reason].filter((part) => part !== undefined).join(', ');
  if (fault !== null) return [`FAILED ${file}: ${name}`, `  - ${wanted}`, `  + not asked: ${fault}`];
  const got = [decision, ...new Set(reasons.map(({ code }) => code))].join(', ');
  const why = reasons.map(({ code, constraint, text }) => `      ${text} [${code}, ${constraint}]`);
  return [`FAILED ${file}: ${name}`, `  - ${wanted}`, `  + ${got}`, ...why];
}

function testText(results: readonly TestResult[]): string {
  if (results.length === 0) return 'No tests: write them under `tests` of a constraint file.\n';
  const failed = results.filter(({ isPassed }) => !isPassed);
  const lines = [
    ...failed.flatMap(failureText),
    `${results.length - failed.length} passed, ${failed.length} failed.`,
  ];
  return `${lines.join('\n')}\n`;
}

interface ReplayFlags extends ClientFlags {
  readonly from: string;
  readonly to: string;
  readonly limit?: string;
}

interface ReplayedAnswer {
  readonly decisionId: string;
  readonly decidedAt: string;
  readonly service: string;
  readonly kind: string;
  readonly was: string;
}

/** As `POST /constraints/replay` answers. */
interface ReplayAnswer {
  readonly valid: boolean;
  readonly problems: readonly Problem[];
  readonly decisions: number;
  readonly isCut: boolean;
  readonly same: number;
  readonly flipped: readonly (ReplayedAnswer & {
    readonly now: string;
    readonly reasons: readonly {
      readonly code: string;
      readonly constraint: string;
      readonly text: string;
    }[];
  })[];
  readonly unclear: readonly (ReplayedAnswer & { readonly why: string })[];
}

/** A time as it is, or so long ago. */
function timeOf(text: string): string {
  const agoMs = parseDurationMs(text);
  const timeMs = agoMs === null ? Date.parse(text) : Date.now() - agoMs;
  if (Number.isFinite(timeMs)) return rfc3339(timeMs);
  throw new PipelineError(
    'request_invalid',
    `"${text}" is no time: write it like 2026-11-20T00:00:00Z, or 24h for as long ago.`,
  );
}

function replayText({ valid, problems, decisions, isCut, same, flipped, unclear }: ReplayAnswer): string {
  if (!valid) return `Nothing was replayed; correct first:\n${problems.map(problemText).join('\n')}\n`;
  const about = ({ decidedAt, service, kind, decisionId }: ReplayedAnswer) =>
    `${decidedAt} ${service} ${kind} (${decisionId})`;
  const lines = [
    ...flipped.flatMap((one) => [
      `${one.was} -> ${one.now}: ${about(one)}`,
      ...one.reasons.map(({ code, constraint, text }) => `    ${text} [${code}, ${constraint}]`),
    ]),
    ...unclear.map((one) => `cannot be replayed: ${about(one)}: ${one.why}`),
    `${decisions} decisions: ${same} stay, ${flipped.length} flip, ${unclear.length} cannot be replayed.`,
    isCut && 'There may be more: narrow the time.',
  ];
  return `${lines.filter((line) => line !== false).join('\n')}\n`;
}

function effectiveText(effective: EffectiveConstraints): string {
  const { sets, reviewOverdue, limits, kinds, policies, guardrails, stages, holds, intents } = effective;
  const { replicas, regions, inRotationMin, ceilings, actors } = limits;
  const lines = [
    sets.length === 0 ? 'No set speaks about it: what is built in is in force.' : `sets: ${sets.join(', ')}`,
    ...reviewOverdue.map(
      ({ set, since, owner }) => `review overdue: ${set} since ${since.slice(0, 10)}, of ${owner}`,
    ),
    `replicas: ${replicas.min} to ${replicas.max ?? 'any'}`,
    regions !== null && `regions: ${regions.join(', ') || 'none: the sets contradict each other'}`,
    inRotationMin !== null && `in rotation: at least ${100 * inRotationMin} %`,
    ...ceilings.map(
      (one) =>
        `ceiling: action.${one.of} ${one.min ?? ''}..${one.max ?? ''} for ${one.for.join(', ')} [${one.constraint}]`,
    ),
    ...actors.map(
      (one) =>
        `actors: ${one.allow === null ? 'any' : one.allow.join(', ')}, but ${JSON.stringify(one.deny)} [${one.constraint}]`,
    ),
    ...intents.map((one) => `intent: ${one.says} [${one.constraint}]`),
    ...policies.map(
      (one) =>
        `policy: ${one.require}, when ${one.when}${one.unless === null ? '' : `, unless ${one.unless}`} [${one.constraint}]`,
    ),
    ...guardrails.map((one) => `guardrail: ${one.says} [${one.constraint}]`),
    ...stages.map((one) => `stage: ${one.says} [${one.constraint}]`),
    ...holds.map(
      (one) => `hold: ${one.finding} holds ${[...one.stages, ...one.actions].join(', ')} [${one.constraint}]`,
    ),
    ...kinds.map((one) => {
      const cap = one.capRatio === null ? '' : ` +${100 * one.capRatio} %`;
      return `on unknown data, ${one.kind}: ${one.unknown}${cap} (${one.why}) [${one.constraint}]; rests on ${one.requires.join(', ') || 'what is built in'}`;
    }),
  ];
  return `${lines.filter((line) => line !== false).join('\n')}\n`;
}
