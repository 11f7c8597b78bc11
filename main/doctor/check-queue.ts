import { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { type Check, fail, ok } from './check.ts';

const TIMEOUT_MS = 2_000;

/** Redis answers; the embedded queue lives inside the judge role and is looked at with the roles. */
export async function checkQueue({ redisUrl, roles }: Config): Promise<Check[]> {
  if (!roles.includes('judge')) return [];
  if (redisUrl === undefined) return [ok('queue', 'embedded (PGlite); see the judge role')];
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
  });
  redis.on('error', () => {}); // told by the rejected connect below
  try {
    await redis.connect();
    await redis.ping();
    return [ok('queue', `${new URL(redisUrl).host} answers`)];
  } catch (error) {
    const text = `${new URL(redisUrl).host} does not answer: ${(error as Error).message}`;
    return [fail('queue', text, 'start Redis or Valkey there, or correct REDIS_URL')];
  } finally {
    redis.disconnect();
  }
}
