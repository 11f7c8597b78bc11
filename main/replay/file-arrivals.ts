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

/** Requests after one that say whether its time can be. */
const FOLLOWING = 4;
/** Further ahead of what follows than this is a wrong clock: what comes later cannot have happened days before. */
const AHEAD_MS_MAX = 86_400_000;
/** Nothing follows the last one; a gap before it is a gap, but not for ever. */
const GAP_MS_MAX = 30 * 86_400_000;

/**
 * The requests of a file in order, each received when its newest item happened, and never before the one before it. A time
 * days ahead of those that follow is a wrong clock's: it must not carry all of them into its future.
 * @throws PipelineError request_invalid when the file cannot be read at all
 */
export async function* fileArrivals(
  file: string,
  onUnreadable: (unreadable: Unreadable) => void,
): AsyncGenerator<Arrival> {
  const messages = readMessages(file, onUnreadable);
  const waiting: Omit<Arrival, 'receivedAtMs'>[] = [];
  let clockMs: number | null = null;
  for (;;) {
    while (waiting.length <= FOLLOWING) {
      const { done, value } = await messages.next();
      if (done === true) break;
      waiting.push(value);
    }
    const next = waiting.shift();
    if (next === undefined) return;
    const followingMs = median(waiting.flatMap(({ message }) => message.times?.newestMs ?? []));
    const latestMs =
      followingMs === null
        ? (clockMs ?? Number.POSITIVE_INFINITY) + GAP_MS_MAX
        : Math.max(followingMs, clockMs ?? 0) + AHEAD_MS_MAX;
    const ownMs: number | null = next.message.times?.newestMs ?? null;
    const isBelieved = ownMs !== null && ownMs <= latestMs;
    clockMs = Math.max(clockMs ?? 0, Math.ceil((isBelieved ? ownMs : (clockMs ?? followingMs)) ?? 0));
    yield { ...next, receivedAtMs: clockMs };
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
