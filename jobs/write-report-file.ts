import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../core/report.ts';

/** Writes `<dataDir>/reports/<id>.md`; who reads it sees the old text or the new, never half of one. */
export async function writeReportFile(dataDir: string, report: Report): Promise<void> {
  const folder = join(dataDir, 'reports');
  const path = join(folder, `${report.id}.md`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.tmp`, report.markdown);
  await rename(`${path}.tmp`, path);
}
