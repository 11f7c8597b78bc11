import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { judgeStream, worstLetters } from '../sampling/judge-stream.ts';
import { readStream } from '../sampling/sampling-stream.ts';
import { atLeast, atMost, type Score } from './score.ts';

const run = promisify(execFile);

interface Manifest {
  readonly scenarios: readonly { readonly name: string; readonly expect: Readonly<Record<string, string>> }[];
}

/** Letters of freshly made streams; the manifest is read when all have been judged. */
export async function scoreStreams(
  generator: string,
  of: { readonly seed: number; readonly scale: number },
): Promise<Score[]> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-streams-'));
  try {
    const flags = ['--seed', String(of.seed), '--scale', String(of.scale), '--out', folder];
    await run(process.execPath, [generator, ...flags]);
    const manifest = async () =>
      JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    const names = (await manifest()).scenarios.map(({ name }) => name);
    const policy = { ...SAMPLING_POLICY, tolerance: 0 };
    const letters = new Map<string, Readonly<Record<string, string>>>();
    for (const name of names) {
      const checks = judgeStream(
        await readStream(folder, name),
        { slowMs: 500, isSamePopulation: true },
        policy,
      );
      letters.set(name, worstLetters([...checks.values()]));
    }
    return compare((await manifest()).scenarios, letters, of);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compare(
  scenarios: Manifest['scenarios'],
  letters: ReadonlyMap<string, Readonly<Record<string, string>>>,
  { seed, scale }: { readonly seed: number; readonly scale: number },
): Score[] {
  const pairs = scenarios.flatMap(({ name, expect }) =>
    Object.entries(expect).map(([check, expected]) => ({ expected, got: letters.get(name)?.[check] ?? '' })),
  );
  const which = `sampling streams, seed ${seed}, scale ${scale}`;
  const right = pairs.filter(({ expected, got }) => got === expected).length;
  const falseFails = pairs.filter(({ expected, got }) => got === 'F' && expected !== 'F').length;
  const falsePasses = pairs.filter(({ expected, got }) => got === 'P' && expected !== 'P').length;
  return [
    // Below the spans that a check needs, I is the right letter; which are below, the manifest does not count here.
    atLeast(`${which}: letters as with unlimited data`, 0.95, right / pairs.length),
    atMost(`${which}: false F`, 0, falseFails),
    atMost(`${which}: P where it is not`, 0, falsePasses),
  ];
}
