import { z } from 'zod';
import { parseDurationMs } from '../../core/time.ts';

/** One way of writing a value: how it reads, and what it means; null when the text is not one. */
export interface Notation<T> {
  readonly what: string;
  readonly example: string;
  readonly parse: (text: string) => T | null;
}

/** A text field that becomes a typed value; the examples travel into the JSON Schema and the lint hints. */
export function notation<T>({ what, example, parse }: Notation<T>) {
  return z
    .string()
    .meta({ description: what, examples: [example] })
    .transform((text, context): T => {
      const value = parse(text.trim());
      if (value !== null) return value;
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not ${what}`,
        params: { hint: `write it like "${example}"` },
      });
      return z.NEVER;
    });
}

/** Milliseconds. */
export const duration = notation({
  what: 'a duration (ms, s, m, h, d)',
  example: '2h',
  parse: parseDurationMs,
});

/** Milliseconds since 1970 of the start of that day, or of that instant. */
export const date = notation({
  what: 'a date',
  example: '2027-03-01',
  parse: (text) => {
    if (!/^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text)) return null;
    const timeMs = Date.parse(text);
    // Date.parse turns 2027-02-30 into 2 March: a date that does not read back is not a date.
    if (!Number.isFinite(timeMs)) return null;
    return new Date(timeMs).toISOString().startsWith(text.slice(0, 10)) ? timeMs : null;
  },
});

/** `>= 95%` as the share that may be lost, 0 to 1: (100 - 95) / 100, so that 95 % gives 0.05 exactly. */
export const completeness = notation<{ readonly lostRatioMax: number }>({
  what: 'a completeness of 0 to 100 %',
  example: '>= 95%',
  parse: (text) => {
    const match = /^>=\s*(\d+(?:\.\d+)?)\s*%$/.exec(text);
    if (match === null || Number(match[1]) > 100) return null;
    return { lostRatioMax: (100 - Number(match[1])) / 100 };
  },
});

export interface Lag {
  readonly quantile: number;
  readonly latenessSMax: number;
}

export const lag = notation<Lag>({
  what: 'a lag at a quantile',
  example: 'p99 <= 10s',
  parse: (text) => {
    const match = /^p(\d{1,2}(?:\.\d+)?)\s*<=\s*(\S+)$/.exec(text);
    const latenessMsMax = parseDurationMs(match?.[2] ?? '');
    if (match === null || latenessMsMax === null || Number(match[1]) === 0) return null;
    return { quantile: Number(match[1]) / 100, latenessSMax: latenessMsMax / 1_000 };
  },
});

export interface Target {
  readonly comparator: '>=' | '<=';
  readonly value: number;
}

export const target = notation<Target>({
  what: 'a target (>= or <= and a number)',
  example: '>= 0.99',
  parse: (text) => {
    const match = /^(>=|<=)\s*(-?\d+(?:\.\d+)?)\s*(%?)$/.exec(text);
    if (match === null) return null;
    const value = match[3] === '%' ? Number(match[2]) / 100 : Number(match[2]);
    return { comparator: match[1] as Target['comparator'], value };
  },
});

/** `+50%` as 0.5: how far beyond the present size an action may go on unknown data. */
export const capRatio = notation({
  what: 'a cap on growth',
  example: '+50%',
  parse: (text) => {
    const match = /^\+(\d+(?:\.\d+)?)\s*%$/.exec(text);
    return match === null ? null : Number(match[1]) / 100;
  },
});

/** `< 2%/h` as 0.02 per hour. */
export const changeRatioPerHour = notation({
  what: 'a rate of change per hour',
  example: '< 2%/h',
  parse: (text) => {
    const match = /^<\s*(\d+(?:\.\d+)?)\s*%\s*\/\s*h$/.exec(text);
    return match === null ? null : Number(match[1]) / 100;
  },
});

/** Action kinds are lower-case dotted words, so that `Delete` cannot slip past a rule about `delete`. */
export const kindGlob = notation({
  what: 'an action kind or a glob of kinds (lower case)',
  example: 'scale.*',
  parse: (text) => (/^[a-z0-9_.*-]+$/.test(text) ? text : null),
});

/** A glob over `actor.id`. */
export const actorGlob = z
  .string()
  .min(1)
  .meta({ description: 'an actor id or a glob', examples: ['hpa/*'] });

/** What other parts of the file, and reasons in decisions, call a thing. */
export const identifier = notation({
  what: 'an id (letters, digits, . _ -)',
  example: 'traces',
  parse: (text) => (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) ? text : null),
});

/** As the instrument is called: letters, digits and . _ - /, beginning with a letter, as OpenTelemetry names them. */
export const metricName = notation({
  what: 'the name of a metric',
  example: 'http.server.request.duration',
  parse: (text) => (/^[A-Za-z][A-Za-z0-9._/-]{0,254}$/.test(text) ? text : null),
});

/** `a -> b` as `a->b`, the way findings spell a call from one service to another. */
export const edge = notation({
  what: 'a call from one service to another',
  example: 'web -> catalog',
  parse: (text) => {
    const match = /^([^\s>*]+?)\s*->\s*([^\s>*]+)$/.exec(text);
    return match === null ? null : `${match[1]}->${match[2]}`;
  },
});

export interface ForbiddenCalls {
  /** A glob over the caller. */
  readonly from: string;
  /** A glob over the callee. */
  readonly to: string;
  /** Callers that may. */
  readonly except: readonly string[];
}

export const forbiddenCalls = notation<ForbiddenCalls>({
  what: 'calls that nobody may make (globs of services)',
  example: '* -> db except cart, inventory',
  parse: (text) => {
    const match = /^([^\s>]+?)\s*->\s*([^\s>]+)(?:\s+except\s+(\S.*))?$/.exec(text);
    if (match === null) return null;
    const except = (match[3] ?? '').split(',').map((name) => name.trim());
    if (match[3] !== undefined && except.some((name) => !/^\S+$/.test(name))) return null;
    return { from: match[1] as string, to: match[2] as string, except: except.filter((name) => name !== '') };
  },
});

/** 0 to 1. */
export const ratio = z
  .number()
  .min(0)
  .max(1)
  .meta({ description: 'a share of 0 to 1', examples: [0.2] });

/** As audit logs and gate requests spell it: an exact name, because every action is held against it. */
export const actorName = notation({
  what: 'the exact name of one actor',
  example: 'rightsizer',
  parse: (text) => (/^[^\s*]+$/.test(text) ? text : null),
});

export interface GoodRequests {
  /** Requests with this status or a higher one are not good; null: the status says nothing. */
  readonly statusBelow: number | null;
  /** Requests that take longer are not good; null: however long. */
  readonly durationMsBelow: number | null;
}

/** Which requests are good: `status < 500`, `duration < 2s`, or both. */
export const goodRequests = notation<GoodRequests>({
  what: 'which requests are good (status, duration, or both)',
  example: 'status < 500 and duration < 2s',
  parse: (text) => {
    const parts = text.split(/\s+and\s+/);
    const statuses = parts.flatMap((part) => /^status\s*<\s*([2-5]\d\d)$/.exec(part)?.[1] ?? []);
    const durations = parts.flatMap((part) => /^duration\s*<=?\s*(\S+)$/.exec(part)?.[1] ?? []);
    const durationMsBelow = durations[0] === undefined ? null : parseDurationMs(durations[0]);
    const isRead = statuses.length + durations.length === parts.length;
    if (!isRead || statuses.length > 1 || durations.length > 1) return null;
    if (durations.length === 1 && durationMsBelow === null) return null;
    return { statusBelow: statuses[0] === undefined ? null : Number(statuses[0]), durationMsBelow };
  },
});

export interface InRotation {
  /** 0 to 1. */
  readonly shareMin: number;
  /** Of each region by itself, or of all of them together. */
  readonly isPerRegion: boolean;
}

export const inRotation = notation<InRotation>({
  what: 'a share that stays in rotation',
  example: '>= 70% per region',
  parse: (text) => {
    const match = /^>=\s*(\d+(?:\.\d+)?)\s*%(\s+per\s+region)?$/.exec(text);
    if (match === null || Number(match[1]) > 100) return null;
    return { shareMin: Number(match[1]) / 100, isPerRegion: match[2] !== undefined };
  },
});

/** Steps below `action` of a request: `to.nodes` as `to`, `nodes`. */
export const actionPath = notation<readonly string[]>({
  what: 'a place in the request below action (from, to or blastRadius)',
  example: 'to.nodes',
  parse: (text) => (/^(from|to|blastRadius)(\.[A-Za-z0-9_-]+)+$/.test(text) ? text.split('.') : null),
});

export interface Subject {
  readonly of: 'intent' | 'boundary' | 'drift' | 'policy' | 'source';
  /** An id, or `*`. */
  readonly name: string;
}

export const subjects = notation<readonly Subject[]>({
  what: 'a list of what to tell of (intent:, boundary:, drift:, policy:, source:)',
  example: 'intent:ok-rate, boundary:*',
  parse: (text) => {
    const all = text
      .split(',')
      .map((part) => /^(intent|boundary|drift|policy|source):([A-Za-z0-9._-]+|\*)$/.exec(part.trim()));
    return all.includes(null)
      ? null
      : all.map((match) => ({ of: match?.[1] as Subject['of'], name: match?.[2] as string }));
  },
});

/** Minutes after midnight. */
export const clockTime = notation({
  what: 'a time of day',
  example: '09:00',
  parse: (text) => {
    const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
    return match === null ? null : 60 * Number(match[1]) + Number(match[2]);
  },
});
