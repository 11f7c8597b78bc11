import { Command, InvalidArgumentError } from 'commander';
import { DURATION_BOUNDS_MS } from '../../core/sampling/sampling-window.ts';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { judgeStream, worstLetters } from '../sampling/judge-stream.ts';
import { listStreams, readStream } from '../sampling/sampling-stream.ts';

type SlowMs = (typeof DURATION_BOUNDS_MS)[number];

interface Flags {
  readonly slowMs: SlowMs;
  readonly alpha: number;
  readonly tolerance: number;
  readonly sources?: true;
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
      .addHelpText('after', '\nExamples:\n  npm run -s eval -- sampling-streams streams/seed-1\n')
      .action(run)
  );
}

async function run(dir: string, { slowMs, alpha, tolerance, sources }: Flags): Promise<void> {
  const policy = { ...SAMPLING_POLICY, alpha, tolerance };
  const results: Record<string, unknown> = {};
  for (const name of await listStreams(dir)) {
    const stream = await readStream(dir, name);
    const checks = judgeStream(stream, { slowMs, isSamePopulation: true }, policy);
    results[name] = sources === true ? Object.fromEntries(checks) : worstLetters([...checks.values()]);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
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
