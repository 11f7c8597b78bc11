import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the file of users that the engine's own configuration names; ClickHouse merges what stands there into it. */
const SETTINGS = `<clickhouse>
  <profiles>
    <default>
      <compile_expressions>0</compile_expressions>
      <compile_aggregate_expressions>0</compile_aggregate_expressions>
      <compile_sort_description>0</compile_sort_description>
    </default>
  </profiles>
</clickhouse>
`;

/**
 * Spares an engine in `dataDir` compiling. From its fourth time on an expression is compiled to machine code, half a
 * second of CPU for the views of one insert: a server does that once, a suite of a hundred engines a hundred times.
 * The long forms of tests, and every server on a directory of its own, compile.
 */
export function spareCompiling(dataDir: string): void {
  if (process.env['PLUMBLINE_TEST_LONG']) return;
  const folder = join(dataDir, 'engine', 'plumbline-users.d');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'spare-compiling.xml'), SETTINGS);
}
