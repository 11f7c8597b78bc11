/** What is wrong with a span's sampling marks, the first of these that applies. */
export type MarkError =
  | 'traceid_invalid'
  | 'tracestate_syntax'
  | 'tracestate_too_many_members'
  | 'ot_duplicate_entry'
  | 'ot_syntax'
  | 'ot_duplicate_key'
  | 'th_empty'
  | 'th_too_long'
  | 'th_uppercase'
  | 'th_not_hex'
  | 'rv_length'
  | 'rv_uppercase'
  | 'rv_not_hex'
  | 'inconsistent_r_lt_t'
  | 'sampled_flag_unset_with_consistent_th';

/** What a tracestate says of sampling; it depends on its text alone, so it may be remembered by it. */
export interface TraceStateMarks {
  /** Rejection threshold T in 14 hex digits: as text they compare like the numbers. Null where there is none to use. */
  readonly threshold: string | null;
  /** T without trailing zeros, as it ought to be sent. */
  readonly thresholdCanonical: string | null;
  /** `rv`, 14 hex digits; null where it was not sent or cannot be used. */
  readonly randomness: string | null;
  /** Whether the trace id stands in for an absent `rv`: not where one was meant and cannot be read. */
  readonly traceIdIsRandomness: boolean;
  /** `p` and `r` of the scheme before `th` (OTEP 168, 170): exponents of two, 0 to 63 and 0 to 62. */
  readonly power: number | null;
  readonly powerRandomness: number | null;
  readonly error: MarkError | null;
}

const MEMBERS_MAX = 32;
/** Key and value of a list member as Trace Context Level 2 has them; blanks around a member are taken off before. */
const MEMBER =
  /^([a-z0-9][a-z0-9_\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])$/;
const OUTER_BLANKS = /^[ \t]+|[ \t]+$/g;
const OT_ENTRY = /^([a-z][a-z0-9]*):([A-Za-z0-9._-]*)$/;
const HEX = /^[0-9a-f]*$/;
const HEX_OF_ANY_CASE = /^[0-9a-fA-F]*$/;
const DECIMAL = /^[0-9]{1,2}$/;
const POWER_MAX = 63;
const POWER_RANDOMNESS_MAX = 62;
/** 56 bits. */
const DIGITS = 14;

const NOTHING: TraceStateMarks = {
  threshold: null,
  thresholdCanonical: null,
  randomness: null,
  traceIdIsRandomness: true,
  power: null,
  powerRandomness: null,
  error: null,
};

/**
 * Sampling marks of a W3C tracestate, strictly read: a malformed member voids the whole text, as the recommendation
 * has it; a malformed `th` leaves the randomness, a malformed `rv` leaves the threshold.
 * @see sampling.md sections 1 and 2
 */
export function parseTraceState(text: string): TraceStateMarks {
  if (text === '') return NOTHING;
  const ots: string[] = [];
  let members = 0;
  for (const part of text.split(',')) {
    const member = part.replace(OUTER_BLANKS, '');
    if (member === '') continue;
    members++;
    const [, key, value] = MEMBER.exec(member) ?? [];
    if (value === undefined) return broken('tracestate_syntax');
    if (key === 'ot') ots.push(value);
  }
  if (members > MEMBERS_MAX) return broken('tracestate_too_many_members');
  if (ots.length > 1) return broken('ot_duplicate_entry');
  return ots[0] === undefined ? NOTHING : parseOt(ots[0]);
}

function parseOt(value: string): TraceStateMarks {
  const entries = new Map<string, string>();
  let isDuplicate = false;
  for (const part of value.split(';')) {
    const [, key, content] = OT_ENTRY.exec(part) ?? [];
    if (key === undefined || content === undefined) return broken('ot_syntax');
    if (entries.has(key)) isDuplicate = true;
    entries.set(key, content);
  }
  if (isDuplicate) return broken('ot_duplicate_key');
  const th = entries.get('th');
  const rv = entries.get('rv');
  const thError = th === undefined ? null : thresholdError(th);
  const rvError = rv === undefined ? null : randomnessError(rv);
  const threshold = th === undefined || thError !== null ? null : th.padEnd(DIGITS, '0');
  return {
    threshold,
    thresholdCanonical: threshold === null ? null : threshold.replace(/0+$/, '') || '0',
    randomness: rvError === null ? (rv ?? null) : null,
    traceIdIsRandomness: rv === undefined,
    ...parsePowers(entries.get('p'), entries.get('r')),
    error: thError ?? rvError,
  };
}

function thresholdError(th: string): MarkError | null {
  if (th === '') return 'th_empty';
  if (th.length > DIGITS) return 'th_too_long';
  if (HEX.test(th)) return null;
  return HEX_OF_ANY_CASE.test(th) ? 'th_uppercase' : 'th_not_hex';
}

function randomnessError(rv: string): MarkError | null {
  if (rv.length !== DIGITS) return 'rv_length';
  if (HEX.test(rv)) return null;
  return HEX_OF_ANY_CASE.test(rv) ? 'rv_uppercase' : 'rv_not_hex';
}

/** Of a p that is out of range p is dropped, of an r that is out of range both are. */
function parsePowers(
  p: string | undefined,
  r: string | undefined,
): Pick<TraceStateMarks, 'power' | 'powerRandomness'> {
  const powerRandomness = decimal(r, POWER_RANDOMNESS_MAX);
  if (r !== undefined && powerRandomness === null) return { power: null, powerRandomness: null };
  return { power: decimal(p, POWER_MAX), powerRandomness };
}

function decimal(text: string | undefined, max: number): number | null {
  if (text === undefined || !DECIMAL.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** Marks that cannot be told at all: neither weight nor randomness is known. */
function broken(error: MarkError): TraceStateMarks {
  return { ...NOTHING, traceIdIsRandomness: false, error };
}
