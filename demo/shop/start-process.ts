import { type FaultSwitches, NO_FAULTS } from '../faults/fault.ts';
import type { FromProcess, ProcessOptions, ToProcess } from '../messages.ts';

export interface DemoProcess {
  readonly options: ProcessOptions;
  readonly signal: AbortSignal;
  readonly faults: () => FaultSwitches;
  readonly tell: (message: FromProcess) => void;
  /** Called before the process ends, for at most a second. */
  readonly onEnd: (end: () => Promise<void>) => void;
  readonly url: (name: string) => string;
}

const END_MS_MAX = 1_000;

/** Ties a process to the demo that forked it: switches come in, news goes out, and it ends when the demo does. */
export async function startProcess(): Promise<DemoProcess> {
  const ending = new AbortController();
  const ends: (() => Promise<void>)[] = [];
  let faults = NO_FAULTS;

  const started = new Promise<ProcessOptions>((resolve) => {
    process.on('message', (message: ToProcess) => {
      if (message.kind === 'start') resolve(message.options);
      else faults = message.faults;
    });
  });
  // Ctrl-C reaches the whole process group: the demo decides who ends when, so that nothing is cut off.
  process.on('SIGINT', () => undefined);
  const end = (): void => {
    if (ending.signal.aborted) return;
    ending.abort();
    setTimeout(() => process.exit(0), END_MS_MAX).unref();
    void Promise.allSettled(ends.map((last) => last())).then(() => process.exit(0));
  };
  process.on('disconnect', end);
  process.on('SIGTERM', end);

  const options = await started;
  return {
    options,
    signal: ending.signal,
    faults: () => faults,
    tell: (message) => {
      // The channel closes when the demo has gone; 'disconnect' is on its way then.
      if (process.connected) process.send?.(message);
    },
    onEnd: (last) => ends.push(last),
    url: (name) => {
      const url = options.urls[name];
      if (url === undefined) throw new Error(`the process was started without the URL of ${name}`);
      return url;
    },
  };
}
