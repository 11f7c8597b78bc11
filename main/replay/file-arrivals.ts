import { PipelineError } from '../../core/errors.ts';
import { decodeMessage, type Message } from './decode-message.ts';
import { readFile } from './read-file.ts';
import { splitMessages } from './split-messages.ts';

/** A request, and when it came as far as its own times tell. */
export interface Arrival {
  readonly file: string;
  readonly place: string;
  readonly message: Message;
  readonly receivedAtMs: number;
}

/** A part of a file that is no request. */
export interface Unreadable {
  readonly file: string;
  readonly place: string;
  readonly why: string;
}

/** Requests before and after one that say whether its time can be. */
const NEIGHBOURS = 4;
/** Further ahead of its neighbours than this is a wrong clock, not a gap. */
const AHEAD_MS_MAX = 86_400_000;

/**
 * The requests of a file in order, each received when its newest item happened, and never before the one before it. A time
 * days ahead of those around it is a wrong clock's: it must not carry all that follows into its future.
 * @throws PipelineError request_invalid when the file cannot be read at all
 */
export async function* fileArrivals(
  file: string,
  onUnreadable: (unreadable: Unreadable) => void,
): AsyncGenerator<Arrival> {
  const messages = readMessages(file, onUnreadable);
  const newest: (number | null)[] = []; // of the requests before, this one and those after
  const waiting: Omit<Arrival, 'receivedAtMs'>[] = [];
  let clockMs: number | null = null;
  for (;;) {
    while (waiting.length <= NEIGHBOURS) {
      const { done, value } = await messages.next();
      if (done === true) break;
      waiting.push(value);
      newest.push(value.message.times?.newestMs ?? null);
    }
    const next = waiting.shift();
    if (next === undefined) return;
    const usualMs = median(newest.filter((ms) => ms !== null));
    const ownMs: number | null = next.message.times?.newestMs ?? null;
    const isBelieved = ownMs !== null && usualMs !== null && ownMs <= usualMs + AHEAD_MS_MAX;
    clockMs = Math.max(clockMs ?? 0, Math.ceil((isBelieved ? ownMs : (clockMs ?? usualMs)) ?? 0));
    yield { ...next, receivedAtMs: clockMs };
    if (newest.length > 2 * NEIGHBOURS) newest.shift();
  }
}

async function* readMessages(
  file: string,
  onUnreadable: (unreadable: Unreadable) => void,
): AsyncGenerator<Omit<Arrival, 'receivedAtMs'>> {
  const stream = readFile(file);
  let readCount = 0;
  try {
    for await (const part of splitMessages(stream)) {
      readCount++;
      const { place } = part;
      if ('why' in part) {
        onUnreadable({ file, place, why: part.why });
        continue;
      }
      try {
        const message = await decodeMessage(part.bytes);
        if (message !== null) yield { file, place, message };
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        onUnreadable({ file, place, why: error.message });
      }
    }
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    // zlib: the file is cut off or damaged. What came before it is read.
    const place = `byte ${stream.position}, after ${readCount} messages`;
    onUnreadable({ file, place, why: `${(error as Error).message}; the file is not read on from here` });
  }
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] as number;
}
