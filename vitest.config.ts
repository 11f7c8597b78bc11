import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [process.env['PLUMBLINE_TEST_LONG'] ? 'test/**/*.long.ts' : 'test/**/*.test.ts'],
    globalSetup: 'test/migrated-engine.ts',
    // Files with real processes wait more than they compute: three at a time keep two cores busy.
    maxWorkers: 3,
    testTimeout: process.env['PLUMBLINE_TEST_LONG'] ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } }, // a busy machine is slow, not wrong
  },
});
