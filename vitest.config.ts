import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [process.env['PLUMBLINE_TEST_LONG'] ? 'test/**/*.long.ts' : 'test/**/*.test.ts'],
    // Real engines start inside tests: two cores, so two files at a time.
    maxWorkers: 2,
    testTimeout: process.env['PLUMBLINE_TEST_LONG'] ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
  },
});
