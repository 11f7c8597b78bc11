import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { predictSeries } from '../changepoints/predict-series.ts';
import { readSeries } from '../changepoints/read-series.ts';
import { atLeast, atMost, type Score } from './score.ts';

const run = promisify(execFile);

interface Summary {
  readonly summary: {
    readonly tcpd?: { readonly univariateReal: { f1: number; cover: number; precision: number } };
    readonly nab?: { readonly nab_standard: number; readonly alarms: { falsePerSeriesWeek: number } };
  };
}

/** What the scorer of the series says of the predictions; groups that the folder does not hold have no line. */
export async function scoreChangepoints(folder: string, scorer: string): Promise<Score[]> {
  const files = await readSeries(folder);
  const predictions = Object.fromEntries(files.map((file) => [file.name, predictSeries(file)]));
  const temporary = await mkdtemp(join(tmpdir(), 'plumbline-changepoints-'));
  try {
    const path = join(temporary, 'predictions.json');
    await writeFile(path, JSON.stringify(predictions));
    const { stdout } = await run(process.execPath, [scorer, folder, path], { maxBuffer: 1 << 26 });
    const { tcpd, nab } = (JSON.parse(stdout) as Summary).summary;
    const segments =
      tcpd === undefined
        ? []
        : [
            atLeast('change points, TCPD: F1', 0.8, tcpd.univariateReal.f1),
            atLeast('change points, TCPD: covering', 0.73, tcpd.univariateReal.cover),
            atLeast('change points, TCPD: precision', 0.95, tcpd.univariateReal.precision),
          ];
    const onsets =
      nab === undefined
        ? []
        : [
            atLeast('onsets, NAB: standard score', 60, nab.nab_standard),
            atMost('onsets, NAB: false events per series-week', 0.4, nab.alarms.falsePerSeriesWeek),
          ];
    return [...segments, ...onsets];
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
