import { Command, InvalidArgumentError } from 'commander';
import { startServer } from '../../bench/processes/start-server.ts';
import { DURATION_BOUNDS_MS } from '../../core/sampling/sampling-window.ts';
import type { SourceChecks } from '../../validators/sampling/check-source.ts';
import { SAMPLING_POLICY, type SamplingPolicy } from '../../validators/sampling/sampling-check.ts';
import { judgeStream, worstLetters } from '../sampling/judge-stream.ts';
import { judgeStreamsLive } from '../sampling/judge-streams-live.ts';
import { listStreams, readStream, type SamplingStream } from '../sampling/sampling-stream.ts';

type SlowMs = (typeof DURATION_BOUNDS_MS)[number];

interface Flags {
  readonly slowMs: SlowMs;
  readonly alpha: number;
  readonly tolerance: number;
  readonly sources?: true;
  readonly otlp?: true;
}

export function samplingStreamsCommand(): Command {
  return (
    new Command('sampling-streams')
      .description('which sampling checks do streams of span headers pass, held against their counters?')
      .argument('<DIR>', 'folder of NAME.spans.jsonl and NAME.counters.jsonl')
      .option(
        '--slow-ms <MS>',
        `what the counters call slow: ${DURATION_BOUNDS_MS.join(', ')}`,
        slowBound,
        500,
      )
      .option('--alpha <P>', 'false alarms of each check', ratio, SAMPLING_POLICY.alpha)
      // Minutes of a stream are whole, and nothing is late: no deviation is anybody's edge.
      .option('--tolerance <RATIO>', 'systematic deviation of rates that is nobody’s fault', ratio, 0)
      .option('--sources', 'every check of every service with its evidence, instead of the worst letters')
      .option('--otlp', 'send them over OTLP through `plumbline serve`, and judge what it stored')
      .addHelpText(
        'after',
        '\nExamples:\n  npm run -s eval -- sampling-streams streams/seed-1\n  npm run -s eval -- sampling-streams streams/seed-1 --otlp\n',
      )
      .action(run)
  );
}

async function run(dir: string, flags: Flags): Promise<void> {
  const names = await listStreams(dir);
  const results: Record<string, unknown> = {};
  const judged =
    flags.otlp === true ? judgeThroughServer(dir, names, flags) : judgeDirectly(dir, names, flags);
  for await (const { name, checks } of judged) {
    results[name] = flags.sources === true ? Object.fromEntries(checks) : worstLetters([...checks.values()]);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

interface Judged {
  readonly name: string;
  /** By service. */
  readonly checks: ReadonlyMap<string, SourceChecks>;
}

async function* judgeDirectly(dir: string, names: readonly string[], flags: Flags): AsyncGenerator<Judged> {
  for await (const stream of readStreams(dir, names)) {
    const options = { slowMs: flags.slowMs, isSamePopulation: true };
    yield { name: stream.name, checks: judgeStream(stream, options, policyOf(flags)) };
  }
}

async function* judgeThroughServer(
  dir: string,
  names: readonly string[],
  flags: Flags,
): AsyncGenerator<Judged> {
  // Without the judge: it would settle the same minutes while they are still under way.
  const server = await startServer(['store', 'ingest']);
  try {
    const system = {
      client: server.store,
      otlpHttpUrl: `http://127.0.0.1:${server.ports.otlpHttpPort}`,
    };
    const of = { slowMs: flags.slowMs, policy: policyOf(flags) };
    for (const { name, services } of await judgeStreamsLive(system, readStreams(dir, names), of)) {
      yield { name, checks: new Map([...services].map(([service, { checks }]) => [service, checks])) };
    }
  } finally {
    await server.stop();
  }
}

async function* readStreams(dir: string, names: readonly string[]): AsyncGenerator<SamplingStream> {
  for (const name of names) yield await readStream(dir, name);
}

function policyOf({ alpha, tolerance }: Flags): SamplingPolicy {
  return { ...SAMPLING_POLICY, alpha, tolerance };
}

function slowBound(text: string): SlowMs {
  const bound = DURATION_BOUNDS_MS.find((boundMs) => String(boundMs) === text);
  if (bound === undefined)
    throw new InvalidArgumentError(`It takes one of ${DURATION_BOUNDS_MS.join(', ')}.`);
  return bound;
}

function ratio(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value < 1))
    throw new InvalidArgumentError('It takes a number from 0 to 1.');
  return value;
}
