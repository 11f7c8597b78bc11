import { EngineFault } from './engine-fault.ts';

/** What one read-only statement may use; a caller may ask for less, never for more. */
const LIMITS = {
  max_execution_time: 60, // seconds
  max_memory_usage: 1_073_741_824, // bytes; four may run, beside the inserts
  max_result_bytes: 268_435_456, // the answer is held in memory, as text up to three times as long
  max_threads: 4,
} as const;

const FIXED: Readonly<Record<string, string>> = {
  result_overflow_mode: 'throw', // half an answer must not look like a whole one
  timeout_overflow_mode: 'throw',
  allow_introspection_functions: '0',
  allow_ddl: '0',
};

/**
 * Settings that open what is closed: limits, rights, other parsers, formats that read a file of this machine
 * (Template, Protobuf). Their names count wherever they stand in a statement's SETTINGS.
 */
const CLOSED =
  /^(readonly|dialect|profile|role|allow_ddl|allow_introspection_functions|allow_experimental_(ai|eval)\w*|(max_execution_time|max_memory_usage|max_result|max_estimated|result_overflow|timeout_overflow)\w*|format_schema\w*|format_template\w*|\w*(path|url|uri|endpoint|schema_registry)\w*)$/i;

/** Whether read-only callers may not set this inside a statement. */
export function isClosedSetting(name: string): boolean {
  return CLOSED.test(name);
}

/**
 * The settings under which a read-only statement runs: those asked for, as far as they are open, under the limits.
 * @throws EngineFault 164 for a setting that is closed
 */
export function guestSettings(asked: Readonly<Record<string, string>>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked)) {
    if (name in LIMITS || (name === 'readonly' && value !== '0')) continue;
    if (isClosedSetting(name)) refuseSetting(name);
    settings[name] = value;
  }
  for (const [name, limit] of Object.entries(LIMITS)) settings[name] = String(lower(asked[name], limit));
  return { ...settings, ...FIXED };
}

export function refuseSetting(name: string): never {
  throw new EngineFault(
    164,
    'READONLY',
    `Setting ${name} is closed to read-only callers. Leave it out, give a lower limit as a URL parameter, or use ` +
      'the internal token',
  );
}

/** 0 means no limit to ClickHouse, and the most to us. */
function lower(asked: string | undefined, limit: number): number {
  const value = Number(asked ?? '');
  return value > 0 ? Math.min(value, limit) : limit;
}
