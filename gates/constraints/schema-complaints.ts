import { z } from 'zod';
import { nearestName } from '../../core/nearest-name.ts';
import { constraintFile } from './constraint-set.ts';
import type { Mismatch } from './mismatch.ts';
import { notEvaluated } from './not-evaluated.ts';

type Path = readonly PropertyKey[];

/** What the schema says about one place of the file; `atKey`: the key is at fault, or all there is to point at. */
export interface Complaint {
  readonly path: Path;
  readonly atKey: boolean;
  readonly message: string;
  readonly hint: string;
  readonly within?: Mismatch['within'];
}

/** The little of JSON Schema the hints read. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly examples?: readonly string[];
}

const SEE_EXAMPLE = 'start from deploy/constraints/checkout.yaml';

const NOUNS: Readonly<Record<string, string>> = {
  object: 'a map (key: value)',
  record: 'a map (key: value)',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
};

const rootSchema = z.toJSONSchema(constraintFile, { io: 'input' }) as Schema;

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], root);
}

function schemaAt(path: Path): Schema | undefined {
  let schema: Schema | undefined = rootSchema;
  for (const key of path) {
    const isIndex = typeof key === 'number';
    schema = schema?.anyOf?.find((branch) => isIndex === (branch.items !== undefined)) ?? schema;
    if (typeof key === 'number') schema = schema?.items;
    else schema = schema?.properties?.[String(key)] ?? (schema?.additionalProperties || undefined);
  }
  return schema;
}

function knownKeys(path: Path): readonly string[] {
  const found = schemaAt(path);
  const schema = found?.anyOf?.find((branch) => branch.properties !== undefined) ?? found;
  return schema?.propertyNames?.enum ?? Object.keys(schema?.properties ?? {});
}

function choiceHint(written: string, known: readonly string[]): string {
  const nearest = nearestName(written, known);
  const listed = `known: ${known.join(', ')}`;
  return nearest === null ? listed : `did you mean "${nearest}"? ${listed}`;
}

function nameOf(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.');
}

function ofUnknownKeys({ path, keys }: z.core.$ZodIssueUnrecognizedKeys): Complaint[] {
  const where = path.length === 0 ? '' : ` in ${nameOf(path)}`;
  return keys.map((key) => ({
    path: [...path, key],
    atKey: true,
    message: `unknown key "${key}"${where}`,
    hint: choiceHint(key, knownKeys(path)),
  }));
}

function ofValue({ path, values }: z.core.$ZodIssueInvalidValue, written: unknown): Complaint {
  const known = values.map(String);
  const hint = known.length === 1 ? `write ${known[0]}` : choiceHint(String(written), known);
  if (written === undefined || written === null) {
    return { path, atKey: true, message: `${nameOf(path)} is missing`, hint };
  }
  return { path, atKey: false, message: `${nameOf(path)} cannot be "${written}"`, hint };
}

function ofType({ path, expected }: z.core.$ZodIssueInvalidType, written: unknown): Complaint {
  const schema = schemaAt(path);
  const noun = schema?.description ?? NOUNS[expected] ?? expected;
  const example = schema?.examples?.[0];
  const isMissing = written === undefined || written === null;
  const fallback = path.length === 0 ? SEE_EXAMPLE : `write ${noun}`;
  return {
    path,
    atKey: isMissing,
    message: `${nameOf(path)} ${isMissing ? 'is missing' : `must be ${noun}`}`,
    hint: example === undefined ? fallback : `write it like "${example}"`,
  };
}

/** Zod wraps what is wrong with a record's key; ours carry their hint in `params`. */
function ofKey({ path, issues }: z.core.$ZodIssueInvalidKey): Complaint {
  const inner = issues[0];
  const hint = inner?.code === 'custom' ? inner.params?.['hint'] : undefined;
  const message = inner?.message ?? `"${String(path.at(-1))}" cannot be a key here`;
  return { path, atKey: true, message, hint: String(hint ?? 'rename it') };
}

/** What zod found, in words for the person who wrote the file; `written` is the value at the issue's path. */
export function schemaComplaints(issue: z.core.$ZodIssue, written: unknown): Complaint[] {
  return complaintsOf(issue, written).map((complaint) => {
    const known = notEvaluated(complaint.path, written);
    return known === null ? complaint : { ...complaint, message: known.message, hint: known.hint };
  });
}

function complaintsOf(issue: z.core.$ZodIssue, written: unknown): Complaint[] {
  const { path } = issue;
  const here = { path, atKey: false };
  switch (issue.code) {
    case 'unrecognized_keys':
      return ofUnknownKeys(issue);
    case 'invalid_value':
      return [ofValue(issue, written)];
    case 'invalid_type':
      return [ofType(issue, written)];
    case 'invalid_key':
      return [ofKey(issue)];
    case 'too_small': {
      const isList = issue.origin === 'array';
      const message = `${nameOf(path)} is ${isList || issue.origin === 'string' ? 'empty' : 'too small'}`;
      return [
        {
          ...here,
          message,
          hint: isList ? 'list at least one, or leave it out' : `at least ${issue.minimum}`,
        },
      ];
    }
    case 'invalid_union':
      // One, or a list of them: what is wrong is told of the form that was written.
      return (issue.errors[Array.isArray(written) ? 1 : 0] ?? []).flatMap((inner) => {
        const at = { ...inner, path: [...path, ...inner.path] } as z.core.$ZodIssue;
        return schemaComplaints(at, valueAt(written, inner.path));
      });
    case 'too_big':
      return [{ ...here, message: `${nameOf(path)} is too large`, hint: `at most ${issue.maximum}` }];
    case 'custom':
      return [
        {
          path,
          atKey: issue.params?.['atKey'] === true,
          message: `${nameOf(path)}: ${issue.message}`,
          hint: String(issue.params?.['hint'] ?? SEE_EXAMPLE),
        },
      ];
    default:
      return [{ ...here, message: `${nameOf(path)}: ${issue.message}`, hint: SEE_EXAMPLE }];
  }
}
