import { emitKeypressEvents } from 'node:readline';
import type { ReadStream } from 'node:tty';

/** Hands single keys of a terminal to `onKey` until the signal; Ctrl-C is the key `q`. */
export function readKeys(options: {
  input: ReadStream;
  signal: AbortSignal;
  onKey: (key: string) => void;
}): void {
  const { input, signal, onKey } = options;
  const onKeypress = (text: string | undefined, key: { ctrl?: boolean; name?: string } | undefined): void => {
    if (key?.ctrl === true && key.name === 'c') onKey('q');
    else if (text !== undefined) onKey(text);
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.resume();
  input.on('keypress', onKeypress);
  signal.addEventListener(
    'abort',
    () => {
      input.off('keypress', onKeypress);
      input.setRawMode(false);
      input.pause();
    },
    { once: true },
  );
}
