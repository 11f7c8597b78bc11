/**
 * What the engine's process must find in its environment when it starts. A module of its own: whoever starts the
 * process must not load chdb.
 */
export const ENGINE_ENV = {
  /** One libuv thread for each statement that the lanes let run, one to kill statements, five for files and gzip. */
  UV_THREADPOOL_SIZE: '21',
  /**
   * Memory that the engine is done with goes back after a second, not after five: a batch of 256,000 rows is written
   * every second or two, and each would otherwise add to what the last ones left (0.8 instead of 1.1 GB at full load,
   * for no measurable CPU time; at once, by 0, costs half as much again).
   */
  JE_MALLOC_CONF: 'dirty_decay_ms:1000,muzzy_decay_ms:0',
} as const;
