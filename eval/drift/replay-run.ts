import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { episodesOfRun } from './findings-of-run.ts';
import { historyOf, type SimulatedRun } from './from-simulator.ts';
import { runIntentSchema } from './run-intent.ts';
import { constraintsOf } from './to-constraints.ts';
import { writeOtlp } from './to-otlp.ts';

const BIN = join(import.meta.dirname, '../../main/plumbline.mjs');
const MINUTE_MS = 60_000;
/** Found on both ways, a finding is the same when its onset is. */
const ONSET_MINUTES_MAX = 30;
const FOUND_EXIT_CODE = 10;

/** What one way says of a finding; minutes of the run. */
export interface Told {
  readonly kind: string;
  readonly subject: string;
  readonly culprit: string | null;
  readonly onsetMinute: number;
  readonly detectedMinute: number;
}

/** One finding as both ways tell it; null where one does not. */
export interface Compared {
  readonly direct: Told | null;
  readonly replayed: Told | null;
  readonly isSame: boolean;
}

/** A run looked at directly, and the same run as OTLP through `plumbline replay`. @throws Error when the command fails */
export async function compareRun(run: SimulatedRun, referenceDays: number): Promise<Compared[]> {
  const history = historyOf(run);
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-run-'));
  try {
    const { telemetry, ledger } = await writeOtlp(history, folder);
    const constraints = join(folder, 'constraints');
    await mkdir(constraints);
    await writeFile(join(constraints, 'run.yaml'), constraintsOf(runIntentSchema.parse(run.intent)));
    const replayed = await replayFiles(
      [
        '--reference',
        `0d..${referenceDays}d`,
        '--constraints',
        constraints,
        ...(ledger === null ? [] : ['--ledger', ledger]),
        ...telemetry,
      ],
      history.startMs,
    );
    return compare(episodesOfRun(history, { fromMinute: 0, untilMinute: referenceDays * 1_440 }), replayed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Finding extends Pick<Told, 'kind' | 'subject' | 'culprit'> {
  readonly onsetAt: string;
  readonly detectedAt: string;
}

async function replayFiles(args: readonly string[], startMs: number): Promise<Told[]> {
  const command = [BIN, 'replay', '--json', ...args];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([readAll(child.stdout), once(child, 'exit')]);
  if (code !== 0 && code !== FOUND_EXIT_CODE)
    throw new Error(`plumbline replay ended with ${code}: ${output}`);
  const { findings } = JSON.parse(output) as { findings: readonly Finding[] };
  const minuteOf = (time: string) => (Date.parse(time) - startMs) / MINUTE_MS;
  return findings.map(({ kind, subject, culprit, onsetAt, detectedAt }) => ({
    kind,
    subject,
    culprit,
    onsetMinute: minuteOf(onsetAt),
    detectedMinute: minuteOf(detectedAt),
  }));
}

/** Pairs what has the same kind and subject, in order of time. */
export function compare(direct: readonly Told[], replayed: readonly Told[]): Compared[] {
  const keyOf = ({ kind, subject }: Told) => `${kind} ${subject}`;
  const byTime = (told: readonly Told[]) => told.toSorted((a, b) => a.detectedMinute - b.detectedMinute);
  const left = Map.groupBy(byTime(replayed), keyOf);
  const paired = byTime(direct).map((one): Compared => {
    const other = left.get(keyOf(one))?.shift() ?? null;
    const isSame =
      other !== null &&
      other.culprit === one.culprit &&
      Math.abs(other.onsetMinute - one.onsetMinute) <= ONSET_MINUTES_MAX;
    return { direct: one, replayed: other, isSame };
  });
  const more = [...left.values()]
    .flat()
    .map((one): Compared => ({ direct: null, replayed: one, isSame: false }));
  return [...paired, ...more];
}
