import type { Log } from '../../core/log.ts';

export interface RecordingLog extends Log {
  readonly lines: {
    readonly level: 'info' | 'warn' | 'error';
    readonly facts: object;
    readonly text: string;
  }[];
}

export function recordingLog(): RecordingLog {
  const lines: RecordingLog['lines'] = [];
  const at = (level: 'info' | 'warn' | 'error') => (facts: object, text: string) => {
    lines.push({ level, facts, text });
  };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
