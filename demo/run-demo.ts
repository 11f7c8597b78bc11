import { fileURLToPath } from 'node:url';
import { startControl } from './control.ts';
import { FAULT_TEXT, FAULTS, type Fault, type FaultSwitches, NO_FAULTS } from './faults/fault.ts';
import { readKeys } from './keyboard.ts';
import type { Asked } from './messages.ts';
import { startShop } from './shop/shop.ts';
import {
  askedLine,
  faultLine,
  noteLine,
  paintForTerminal as paint,
  reportLine,
  turnLine,
  turnsLine,
} from './watch/event-line.ts';
import type { Turn } from './watch/verdict-turns.ts';
import { watchApi } from './watch/watch-api.ts';

/** The constraint file the server of the demo runs with (`PLUMBLINE_CONSTRAINTS`). */
export const DEMO_CONSTRAINTS_PATH = fileURLToPath(new URL('./constraints.yaml', import.meta.url));

const REQUESTS_PER_SECOND = 40;
/** Half of the traces: with all of them kept, no mark could contradict its trace id. */
const SAMPLING_PROBABILITY = 0.5;
/** More turns of one kind at once than this are told in one line. */
const LINES_PER_LOOK_MAX = 3;

export interface DemoOptions {
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly apiUrl: string;
  /** 0 takes a free one. */
  readonly controlPort: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Bearer key, when the server wants one. */
  readonly key?: string | undefined;
}

/**
 * Runs the shop against a Plumbline that is ready, and prints what happens. Faults are switched by the keys
 * of the terminal and on the control port. Ends with the signal or the key `q`, and leaves no process behind.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { apiUrl, print } = options;
  const key = options.key ?? null;
  const quitting = new AbortController();
  const signal = AbortSignal.any([options.signal, quitting.signal]);
  const now = Date.now;
  const note = (text: string): void => print(noteLine(text, now(), paint));
  let faults: FaultSwitches = NO_FAULTS;

  const shop = await startShop({
    target: { otlpHttpUrl: options.otlpHttpUrl, otlpGrpcUrl: options.otlpGrpcUrl, key },
    apiUrl,
    requestsPerSecond: REQUESTS_PER_SECOND,
    samplingProbability: SAMPLING_PROBABILITY,
    onMessage: changedAnswers((asked) => print(askedLine(asked, now(), paint))),
    onLoss: (name, code) => note(`${name} of the shop ended by itself with code ${code}`),
  });
  const switchFault = (fault: Fault, on: boolean): void => {
    if (faults[fault] === on) return;
    faults = { ...faults, [fault]: on };
    shop.switchFaults(faults);
    print(faultLine(fault, on, now(), paint));
  };
  try {
    const controlPort = await startControl({
      port: options.controlPort,
      signal,
      faults: () => faults,
      switchFault,
    });
    note(
      `a shop of five services sends ${REQUESTS_PER_SECOND} requests/s worth of telemetry; ${apiUrl} shows it`,
    );
    for (const line of helpLines(controlPort)) print(line);
    if (process.stdin.isTTY) {
      readKeys({
        input: process.stdin,
        signal,
        onKey: (pressed) => {
          const fault = FAULTS[Number(pressed) - 1];
          if (fault !== undefined) switchFault(fault, !faults[fault]);
          else if (pressed === 'h') for (const line of helpLines(controlPort)) print(line);
          else if (pressed === 'q') quitting.abort();
        },
      });
    }
    await watchApi({
      apiUrl,
      key,
      signal,
      now,
      onTurns: (turns) => printTurns(turns.filter(isOfShop), now(), print),
      onReport: (report) => print(reportLine(report, now(), paint)),
      onAnswer: (problem) =>
        note(problem === null ? 'the API answers again' : `the API does not answer: ${problem}`),
    });
  } finally {
    quitting.abort();
    await shop.close();
  }
}

/** Passes on a question of the autoscaler only when its answer differs from the last one to that action. */
function changedAnswers(onChange: (asked: Asked) => void): (message: { kind: string }) => void {
  const last = new Map<string, string>();
  return (message) => {
    if (message.kind !== 'asked') return;
    const asked = message as Asked;
    const answer = `${asked.answer} ${asked.failMode}`;
    if (last.get(asked.action) === answer) return;
    last.set(asked.action, answer);
    onChange(asked);
  };
}

/** Plumbline judges its own telemetry too; here the shop is the story. */
function isOfShop({ verdict }: Turn): boolean {
  return verdict.source.serviceNamespace === 'shop';
}

function printTurns(turns: readonly Turn[], nowMs: number, print: (line: string) => void): void {
  const kinds = Map.groupBy(turns, ({ from, to }) => `${from}-${to}`);
  for (const alike of kinds.values()) {
    if (alike.length > LINES_PER_LOOK_MAX) print(turnsLine(alike, nowMs, paint));
    else for (const turn of alike) print(turnLine(turn, nowMs, paint));
  }
}

function helpLines(controlPort: number): string[] {
  return [
    ...FAULTS.map((fault, index) => `  ${index + 1}  ${fault.padEnd(11)} ${FAULT_TEXT[fault]}`),
    `  h  help, q  quit; or: curl -X POST http://127.0.0.1:${controlPort}/faults/lose/on`,
  ];
}
