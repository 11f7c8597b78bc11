import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { seedsOf } from '../drift/score-drift.ts';
import type { Score } from '../scoreboard/score.ts';
import { scoreChangepoints } from '../scoreboard/score-changepoints.ts';
import { scoreDriftRuns } from '../scoreboard/score-drift-runs.ts';
import { scoreStreams } from '../scoreboard/score-streams.ts';
import { scoreVectors } from '../scoreboard/score-vectors.ts';

interface Flags {
  readonly shared: string;
  readonly seeds: string;
  readonly scale: string;
  readonly write?: true;
}

/** Where the evaluation data lie beside a checkout. */
const SHARED = join(import.meta.dirname, '../../../shared');
const DOCUMENT = join(import.meta.dirname, '../../docs/accuracy.md');

export function scoreboardCommand(): Command {
  return new Command('scoreboard')
    .description('every goal of accuracy and what is measured of it')
    .option('--shared <DIR>', 'folder of vectors, data, sim and eval', SHARED)
    .option('--seeds <FROM-TO>', 'seeds of simulated systems', '1-2')
    .option('--scale <N>', 'of the streams of span headers', '30')
    .option('--write', 'write docs/accuracy.md too')
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const shared = (path: string) => {
    const found = resolve(flags.shared, path);
    if (existsSync(found)) return found;
    throw new PipelineError('request_invalid', `${found} is not there; name the folder by --shared.`, {
      path: found,
    });
  };
  const scores = [
    ...(await scoreVectors(shared('vectors/sampling-vectors.json'))),
    ...(await scoreStreams(shared('vectors/sampling-streams/gen.mjs'), {
      seed: 42,
      scale: Number(flags.scale),
    })),
    ...(await scoreChangepoints(shared('data'), shared('eval/score-series.mjs'))),
    ...(await scoreDriftRuns({
      simulator: shared('sim/sim.mjs'),
      scorer: shared('eval/score-drift.mjs'),
      seeds: seedsOf(flags.seeds),
    })),
  ];
  const table = markdownOf(scores);
  process.stdout.write(table);
  if (flags.write === true) await writeFile(DOCUMENT, documentOf(table, flags));
}

function markdownOf(scores: readonly Score[]): string {
  const rows = scores.map(
    ({ measure, goal, measured, isMet }) =>
      `| ${measure} | ${goal} | ${measured} | ${isMet ? '' : 'missed'} |`,
  );
  return `${['| Measure | Goal | Measured | |', '|---|---|---|---|', ...rows].join('\n')}\n`;
}

function documentOf(table: string, { seeds, scale }: Flags): string {
  return `# Accuracy, as measured

Made by \`npm run eval -- scoreboard --seeds ${seeds} --scale ${scale} --write\`: the functions that judge live, against data whose
truth they never read. How well intervals hold stands in \`calibration.md\`, held states in \`eval/README.md\`.

${table}`;
}
