import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { answerVectors } from '../sampling/answer-vectors.ts';

/** Where the vectors lie beside a checkout. */
const SHARED = join(import.meta.dirname, '../../../shared/vectors/sampling-vectors.json');

export function samplingVectorsCommand(): Command {
  return new Command('sampling-vectors')
    .description('what span headers say of their sampling, one JSON object of all cases and stages of a file')
    .argument('[FILE]', 'vectors: { cases: [...], stages: [...] }; what they expect is not read')
    .addHelpText('after', '\nExamples:\n  npm run -s eval -- sampling-vectors vectors.json\n')
    .action(run);
}

async function run(file: string | undefined): Promise<void> {
  if (file === undefined && !existsSync(SHARED)) {
    throw new PipelineError('request_invalid', 'No vectors were named; give the FILE that holds them.');
  }
  const path = file ?? SHARED;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PipelineError(
      'request_invalid',
      `Vectors cannot be read from ${path}; name a file that exists.`,
      { path },
      cause,
    );
  });
  process.stdout.write(`${JSON.stringify(answerVectors(text))}\n`);
}
