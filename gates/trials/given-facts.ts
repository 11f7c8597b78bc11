import { nearestName } from '../../core/nearest-name.ts';
import type { ConstraintFile } from '../constraints/constraint-set.ts';
import { type Mismatch, mismatch } from '../constraints/mismatch.ts';

/** What a test may say about a source, and how; numbers are measured exactly. */
const GIVEN_OF_SOURCE = {
  completeness: 'a share of 0 to 1, or unknown',
  complete: 'true, false or unknown',
  fresh: 'true, false or unknown',
  sampled: 'true, false or unknown',
  structured: 'true, false or unknown',
  age_s: 'seconds, or unknown',
  lag_p99_s: 'seconds, or unknown',
  rate: 'requests per second, or unknown',
} as const;
export type GivenOfSource = keyof typeof GIVEN_OF_SOURCE;

type Given = string | number | boolean;

/** `traces.completeness` as source and fact: an id may hold dots, so the fact is what stands behind the last one. */
function splitGiven(key: string): { readonly about: string; readonly fact: string } {
  const at = key.lastIndexOf('.');
  return at < 0 ? { about: '', fact: key } : { about: key.slice(0, at), fact: key.slice(at + 1) };
}

function isOfForm(fact: GivenOfSource, value: Given): boolean {
  if (value === 'unknown') return true;
  if (['complete', 'fresh', 'sampled', 'structured'].includes(fact)) return typeof value === 'boolean';
  if (typeof value !== 'number' || !(value >= 0)) return false;
  return fact !== 'completeness' || value <= 1;
}

function knownKeys({ sources, intent }: ConstraintFile): string[] {
  return [
    ...sources.flatMap(({ id }) => Object.keys(GIVEN_OF_SOURCE).map((fact) => `${id}.${fact}`)),
    ...intent.map(({ id }) => `intent.${id}`),
    'incident.open',
    'now',
  ];
}

/** What a value at a key must look like; null when it does. */
function formOf(key: string, value: Given): string | null {
  const { about, fact } = splitGiven(key);
  if (key === 'now')
    return Number.isFinite(Date.parse(String(value))) ? null : 'a time like 2026-11-24T12:00:00Z';
  if (key === 'incident.open')
    return typeof value === 'boolean' || value === 'unknown' ? null : 'true, false or unknown';
  if (about === 'intent' || key.startsWith('intent.')) {
    return ['met', 'broken', 'unknown'].includes(String(value)) ? null : 'met, broken or unknown';
  }
  return isOfForm(fact as GivenOfSource, value) ? null : GIVEN_OF_SOURCE[fact as GivenOfSource];
}

/** Tests that speak of nothing the file knows would pass by what they did not say. */
export function checkTests(file: ConstraintFile): Mismatch[] {
  const known = knownKeys(file);
  return file.tests.flatMap(({ given }, index) =>
    Object.entries(given).flatMap(([key, value]): Mismatch[] => {
      const path = ['tests', index, 'given', key];
      if (!known.includes(key)) {
        const nearest = nearestName(key, known);
        const hint =
          nearest === null
            ? 'write <source>.<fact>, intent.<id>, incident.open or now'
            : `did you mean "${nearest}"?`;
        return [{ ...mismatch(path, `"${key}" is nothing that can be given`, hint), atKey: true }];
      }
      const form = formOf(key, value);
      return form === null
        ? []
        : [mismatch(path, `${key} cannot be ${JSON.stringify(value)}`, `write ${form}`)];
    }),
  );
}
