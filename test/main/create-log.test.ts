import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.ts';
import { humanLine } from '../../main/create-log.ts';

const entry = { atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6), level: 'warn', name: 'ingest' } as const;

describe('a line of the log for people', () => {
  it('has time, level, process, sentence and facts', () => {
    const line = humanLine({
      ...entry,
      facts: { table: 'otel_logs', rowCount: 8 },
      text: 'The writer waits.',
    });
    expect(line).toBe('03:04:05.006 warn  ingest     The writer waits. (table=otel_logs, rowCount=8)\n');
  });

  it('shows our own errors by message and code, others with their stack', () => {
    const known = humanLine({
      ...entry,
      facts: { error: new PipelineError('disk_full', 'Full.') },
      text: 'No.',
    });
    expect(known).toContain('(error=Full. [disk_full])');
    const unforeseen = humanLine({ ...entry, facts: { error: new TypeError('x is y') }, text: 'No.' });
    expect(unforeseen).toMatch(/TypeError: x is y\n\s+at /);
  });
});
