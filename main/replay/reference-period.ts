import { PipelineError } from '../../core/errors.ts';
import { parseDurationMs } from '../../core/time.ts';

/** Edges are kept in steps of ten minutes, and a reference lies on them. */
const GRID_MS = 600_000;

export interface Period {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * `FROM..UNTIL`, each a time or an offset from the first item (`0d`, `4d`, `36h`), moved to whole ten minutes.
 * @returns what makes a period of it, once the first item is known
 * @throws PipelineError request_invalid
 */
export function parseReferencePeriod(text: string): (firstItemMs: number) => Period {
  const parts = text.split('..');
  const [from, until] = parts.map(parseEnd);
  if (parts.length !== 2 || from === undefined || until === undefined || from === null || until === null) {
    const hint =
      'two times or offsets from the first item, such as 0d..4d or 2026-11-02T00:00:00Z..2026-11-06T00:00:00Z';
    throw new PipelineError('request_invalid', `--reference ${text} is no period: give ${hint}.`, { text });
  }
  return (firstItemMs) => {
    const period = { fromMs: onGrid(from(firstItemMs)), untilMs: onGrid(until(firstItemMs)) };
    if (period.untilMs > period.fromMs) return period;
    throw new PipelineError('request_invalid', `--reference ${text} ends before it begins.`, { text });
  };
}

type End = (firstItemMs: number) => number;

function parseEnd(text: string): End | null {
  const offsetMs = text === '0' ? 0 : parseDurationMs(text);
  if (offsetMs !== null) return (firstItemMs) => firstItemMs + offsetMs;
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? null : () => timeMs;
}

function onGrid(timeMs: number): number {
  return Math.floor(timeMs / GRID_MS) * GRID_MS;
}
