import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';

/** Where the series lie beside a checkout. */
const SHARED = join(import.meta.dirname, '../../../shared/data');
const SECONDS_PER_DAY = 86_400;

/** What a detector may know of a file: no annotations and no labels are parsed, so none can be used. */
const SeriesFile = z.object({
  name: z.string(),
  kind: z.enum(['changepoints', 'windows', 'fault-windows', 'null']),
  time: z.object({
    unit: z.string(),
    step: z.number().positive().optional(),
    raw: z.array(z.union([z.number(), z.string()])).optional(),
  }),
  series: z.array(z.object({ label: z.string(), values: z.array(z.number().nullable()) })).min(1),
});

export type SeriesFile = z.infer<typeof SeriesFile>;

/** All series files of a folder (and below), by name. @throws PipelineError of a folder that holds none */
export async function readSeries(folder: string | undefined): Promise<SeriesFile[]> {
  const path = folder ?? SHARED;
  if (!existsSync(path)) {
    throw new PipelineError(
      'request_invalid',
      folder === undefined
        ? 'No series were named; give the DIR that holds them.'
        : `Series cannot be read from ${path}; name a folder that exists.`,
      { path },
    );
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && entry.name !== 'manifest.json')
    .map((entry) => join(entry.parentPath, entry.name));
  if (files.length === 0) {
    throw new PipelineError('request_invalid', `No series lie in ${path}; name a folder with .json files.`, {
      path,
    });
  }
  const series = await Promise.all(files.map(readOne));
  return series.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readOne(path: string): Promise<SeriesFile> {
  const text = await readFile(path, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PipelineError(
      'request_invalid',
      `${path} is not JSON; name a folder of series.`,
      { path },
      cause,
    );
  }
  const parsed = SeriesFile.safeParse(json);
  if (!parsed.success) {
    throw new PipelineError(
      'request_invalid',
      `${path} is not a series file: ${z.prettifyError(parsed.error)}`,
      { path },
    );
  }
  return parsed.data;
}

/** Samples of one day by the usual time between two; 0 where times are not in seconds. */
export function samplesPerDay({ time }: SeriesFile): number {
  const { unit, raw } = time;
  if (unit !== 's') return 0;
  const gaps = (raw ?? []).flatMap((at, i) => {
    const before = raw?.[i - 1];
    return typeof at === 'number' && typeof before === 'number' ? [at - before] : [];
  });
  const step = time.step ?? gaps.sort((a, b) => a - b)[gaps.length >> 1];
  return step === undefined || step <= 0 ? 0 : Math.round(SECONDS_PER_DAY / step);
}
