import { getEventListeners } from 'node:events';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { News } from '../../core/news.ts';

const never = new AbortController().signal;

test('what was told before anybody looked is heard at once, and once', async () => {
  const news = new News();
  news.tell();
  news.tell();
  expect(await news.within(60_000, never)).toBe(true);
  expect(await news.within(1, never)).toBe(false);
});

test('who waits hears it, and each of two who wait', async () => {
  const news = new News();
  const heard = Promise.all([news.within(60_000, never), news.within(60_000, never)]);
  news.tell();
  // The first to look takes it.
  expect(await heard).toEqual([true, false]);
});

test('an end of everything ends waiting', async () => {
  const news = new News();
  const stopping = new AbortController();
  const waited = news.within(60_000, stopping.signal);
  stopping.abort();
  expect(await waited).toBe(false);
  expect(await news.within(60_000, stopping.signal)).toBe(false);
});

test('waiting for what is never told leaves nothing behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const news = new News();
  const { signal } = new AbortController();
  const wait = async () => {
    for (let i = 0; i < 100; i++)
      await Promise.all(Array.from({ length: 100 }, async () => news.within(0, signal)));
  };
  await wait();
  collect();
  const before = getHeapStatistics().used_heap_size;
  await wait();
  collect();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  // 10,000 waits: a promise they raced against kept 300 bytes of each.
  expect(getHeapStatistics().used_heap_size - before).toBeLessThan(1_000_000);
});
