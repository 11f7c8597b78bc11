import { setTimeout as sleep } from 'node:timers/promises';
import { foldVerdictTurns, type SeenVerdict, type Turn } from './verdict-turns.ts';

export interface SeenReport {
  readonly id: string;
  readonly state: string;
  readonly headline: string;
}

const LOOK_EVERY_MS = 1_000;
const ANSWER_MS_MAX = 2_000;

/**
 * Looks at Plumbline's API once a second until the signal, and tells what turned.
 * @param options.onAnswer told when the API stops or starts to answer
 */
export async function watchApi(options: {
  apiUrl: string;
  key: string | null;
  signal: AbortSignal;
  now: () => number;
  onTurns: (turns: readonly Turn[]) => void;
  onReport: (report: SeenReport) => void;
  onAnswer: (problem: string | null) => void;
}): Promise<void> {
  const { apiUrl, key, signal, now, onTurns, onReport, onAnswer } = options;
  const seenVerdicts = new Map<string, { outcome: SeenVerdict['outcome']; verdict: SeenVerdict }>();
  const seenReports = new Map<string, string>();
  const read = async <T>(path: string): Promise<T> => {
    const response = await fetch(new URL(path, apiUrl), {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return (await response.json()) as T;
  };
  let problem: string | null = null;
  while (!signal.aborted) {
    try {
      const { verdicts } = await read<{ verdicts: SeenVerdict[] }>('/api/v1/verdicts');
      const turns = foldVerdictTurns(seenVerdicts, verdicts, now());
      if (turns.length > 0) onTurns(turns);
      const { reports } = await read<{ reports: SeenReport[] }>('/api/v1/reports');
      for (const report of [...reports].sort((left, right) => left.id.localeCompare(right.id))) {
        if (seenReports.get(report.id) === report.state) continue;
        seenReports.set(report.id, report.state);
        onReport(report);
      }
      if (problem !== null) onAnswer(null);
      problem = null;
    } catch (error) {
      if (!signal.aborted && problem === null) {
        problem = (error as Error).message;
        onAnswer(problem);
      }
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
