import { z } from 'zod';
import { TAKES_BACK } from '../fail-modes.ts';
import * as values from './constraint-values.ts';
import { abovePct, oneOrMore } from './guardrail-values.ts';

const kinds = z.array(values.kindGlob).min(1);
const then = z.enum(['hold', 'deny']).default('hold');

/** Of all actors together, on the service of the file, or on it and others as one fleet. */
const changeBudget = z.strictObject({
  per: values.duration,
  maxActions: z.int().min(1).optional(),
  /** Of the targets of the service, 0 to 100; of a fleet each service counts as much as any other. */
  maxTargetsPct: z.number().positive().max(100).optional(),
  /** Services that share it with that of the file, whoever wrote their files; left out: none. */
  over: z.array(z.string().min(1)).min(1).optional(),
  /** What is neither counted nor held; left out: what takes a change back. */
  except: z.array(values.kindGlob).default([...TAKES_BACK]),
});

/** `stage.*` stands for every kind of a stage: `deployment.*`. */
const cooldown = z.strictObject({ after: values.kindGlob, for: values.duration, blocks: kinds });

const flap = z.strictObject({
  opposite: z.array(values.kindGlob).length(2),
  /** Turns from one to the other. */
  max: z.int().min(0),
  per: values.duration,
  then,
});

const massEvent = z.strictObject({
  ifUnhealthyPct: abovePct,
  then,
  say: z.string().default('suspect the observer'),
});

const repairEffect = z.strictObject({
  /** Id of an intent of this file. */
  watch: values.identifier,
  within: values.duration,
  ifNotBetter: z.enum(['stop']).default('stop'),
  kinds: kinds.default(['recovery.*']),
  /** For how long repairs of that kind are denied then; left out: ten times `within`. */
  stopFor: values.duration.optional(),
});

export const guardrails = z.strictObject({
  changeBudget: oneOrMore(changeBudget).default([]),
  cooldown: oneOrMore(cooldown).default([]),
  flap: oneOrMore(flap).default([]),
  massEvent: massEvent.optional(),
  repairEffect: oneOrMore(repairEffect).default([]),
});
