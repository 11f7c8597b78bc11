/**
 * UV_THREADPOOL_SIZE of the engine's process: one libuv thread for each statement that the lanes let run, one to kill
 * statements, five for files and gzip. A module of its own: whoever starts the process must not load chdb.
 */
export const ENGINE_THREADS = 16;
