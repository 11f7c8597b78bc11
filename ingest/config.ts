import { z } from 'zod';

const MEBIBYTE = 1_048_576;

/** What the ingest role needs to know. Byte and time limits have a reason beside each default. */
export const ingestConfigSchema = z
  .object({
    host: z.string().min(1).default('127.0.0.1'),
    otlpHttpPort: z.number().int().min(0).max(65_535).default(4318),
    otlpGrpcPort: z.number().int().min(0).max(65_535).default(4317),
    dataDir: z.string().min(1), // no default: losing the spool must be somebody's decision
    keys: z.array(z.string().min(1)).default([]), // none: everybody who reaches the port may send
    tenant: z.string().default(''), // one tenant until keys name theirs
    bodyBytesMax: z
      .number()
      .int()
      .positive()
      .default(64 * MEBIBYTE), // OTLP 1.11: 64 MiB, before and after inflating
    headersMsMax: z.number().int().positive().default(10_000), // a sender that is there sends them at once
    bodyMsMax: z.number().int().positive().default(30_000), // exporters give up after 10 s
    silentMsMax: z.number().int().positive().default(60_000), // longer than any body may take
    inFlightBytesMax: z.number().int().positive().optional(), // bodies held at once; else 8 times bodyBytesMax
    spoolBytesMax: z
      .number()
      .int()
      .positive()
      .default(8192 * MEBIBYTE), // hours of a dead store for a small fleet
    diskFreeBytesMin: z
      .number()
      .int()
      .nonnegative()
      .default(64 * MEBIBYTE), // the spool must still be able to write boundaries and releases
    batchRowsMax: z.number().int().positive().default(256_000), // fat batches: merging is the engine's ceiling
    batchBytesMax: z
      .number()
      .int()
      .positive()
      .default(256 * MEBIBYTE), // on disk, in files that the store reads
    batchAgeMsMax: z.number().int().positive().default(750), // fresh: rows are to be seen within 2 s, inserts take their part
    holdMsMax: z.number().int().nonnegative().default(3_000), // a slow store slows senders before it doubles our work
    storeReadsFiles: z.boolean().default(false), // on the same host rows travel by the names of their files
    drainMsMax: z.number().int().nonnegative().default(5_000), // what is not stored by then stays in the spool
  })
  .transform((config) => ({
    ...config,
    inFlightBytesMax: config.inFlightBytesMax ?? 8 * config.bodyBytesMax,
  }))
  .refine((config) => config.inFlightBytesMax >= 2 * config.bodyBytesMax, {
    error: 'inFlightBytesMax must hold one body of bodyBytesMax twice: as sent and inflated',
  })
  .refine((config) => config.spoolBytesMax >= 2 * config.bodyBytesMax, {
    error: 'spoolBytesMax must hold at least two bodies of bodyBytesMax',
  });

export type IngestConfig = z.input<typeof ingestConfigSchema>;
/** With the defaults filled in. */
export type IngestLimits = z.output<typeof ingestConfigSchema>;
