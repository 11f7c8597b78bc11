import { z } from 'zod';
import { rfc3339 } from '../../../core/time.ts';
import { effectiveConstraints } from '../../../gates/effective-constraints.ts';
import { timeJson } from '../../api/time-json.ts';
import { mcpTool } from './mcp-tool.ts';

const text = z.string().min(1).max(512);

export const listConstraints = mcpTool({
  name: 'list_constraints',
  title: 'What are the limits?',
  description:
    'The constraints that people wrote and that are in force: boundaries, policies, fail modes, intents. With a service: what they come to for it, and for one kind of action when that is named. They cannot be changed from here.',
  input: z.strictObject({
    service: text.optional(),
    env: text.optional(),
    namespace: text.optional(),
    kind: text.optional().describe('Only this kind of action.'),
  }),
  output: z.strictObject({
    sets: z.array(
      z.strictObject({
        name: z.string(),
        revision: z.string(),
        owner: z.string(),
        oncall: z.string().nullable(),
        reviewBy: timeJson.nullable(),
        service: z.string(),
      }),
    ),
    effective: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('Of the service asked for, durations in ms; else null.'),
  }),
  run: async ({ service, kind, ...place }, { gate, now }) => {
    const all = gate.effective();
    const sets = all.filter(({ scope }) => service === undefined || scope.service === service);
    const effective =
      service === undefined
        ? null
        : effectiveConstraints(all, { service, ...place, kind: kind?.toLowerCase(), nowMs: now() });
    const mode = kind === undefined ? undefined : effective?.kinds[0];
    const least = effective?.limits.replicas.min ?? 0;
    const most = effective?.limits.replicas.max ?? null;
    const lines = [
      sets.length === 0
        ? `No constraint file is about ${service ?? 'anything'}: what is built in holds.`
        : `In force: ${sets.map(({ metadata }) => `${metadata.name} (owner ${metadata.owner})`).join(', ')}.`,
      (least > 0 || most !== null) && `Replicas: ${least} to ${most ?? 'any number'}.`,
      mode !== undefined &&
        `${mode.kind} on unknown data: ${mode.unknown} (${mode.why}; ${mode.constraint}).`,
    ];
    return {
      text: lines.filter((line) => typeof line === 'string').join(' '),
      answer: {
        sets: sets.map(({ metadata, origin, scope }) => ({
          name: metadata.name,
          revision: origin.revision,
          owner: metadata.owner,
          oncall: metadata.oncall ?? null,
          reviewBy: metadata.reviewBy === undefined ? null : rfc3339(metadata.reviewBy),
          service: scope.service,
        })),
        effective: effective === null ? null : { ...effective },
      },
    };
  },
});
