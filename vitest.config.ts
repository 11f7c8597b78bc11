import { defineConfig } from 'vitest/config';
import { ProcessesFirst } from './test/processes-first.ts';

export default defineConfig({
  test: {
    include: [process.env['PLUMBLINE_TEST_LONG'] ? 'test/**/*.long.ts' : 'test/**/*.test.ts'],
    globalSetup: 'test/migrated-engine.ts',
    // Files with real processes wait more than they compute: three at a time keep two cores busy. The long ones promise
    // times, and have the machine to themselves.
    maxWorkers: process.env['PLUMBLINE_TEST_LONG'] ? 1 : 3,
    // What a file needs is loaded once by each of the three and not by each of 250; no file changes what another one sees.
    isolate: false,
    sequence: { sequencer: ProcessesFirst },
    // Node strips the types itself, and keeps what it compiled (test/migrated-engine.ts) for all three: Vite's runner
    // transforms every file anew in a fresh checkout, and looks each imported name up again at every use.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // PGlite makes its directory in 4 s of CPU and not in 6: what is WebAssembly is compiled once, and plainly.
    execArgv: ['--liftoff-only'],
    testTimeout: process.env['PLUMBLINE_TEST_LONG'] ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
    // A busy machine is slow, not wrong; and it is busier for every look: most ask the engine, some 10 ms of CPU each.
    expect: { poll: { timeout: 10_000, interval: 150 } },
  },
});
