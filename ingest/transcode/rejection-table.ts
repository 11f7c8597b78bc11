import type { NativeInsert } from '../../core/native-insert.ts';
import type { Arrival } from './arrival.ts';
import { FixedColumn } from './columns/fixed-column.ts';
import { LowCardinalityColumn } from './columns/low-cardinality-column.ts';
import { TextColumn } from './columns/text-column.ts';
import type { Judgement } from './judgement.ts';
import { type Chunking, TableBuilder } from './table-builder.ts';
import { WireReader } from './wire-reader.ts';

type RejectionColumns = ReturnType<typeof rejectionColumns>;

function rejectionColumns() {
  return {
    ReceivedAt: new FixedColumn("DateTime64(3, 'UTC')"),
    Tenant: new LowCardinalityColumn(),
    ServiceNamespace: new LowCardinalityColumn(),
    ServiceName: new LowCardinalityColumn(),
    ServiceInstanceId: new TextColumn(),
    Signal: new LowCardinalityColumn(),
    Reason: new LowCardinalityColumn(),
    Items: new FixedColumn('UInt64'),
  };
}

/** Rows of tally_rejection: what was refused travels in the same batch as what was stored. */
export class RejectionTable {
  readonly #table: TableBuilder<RejectionColumns>;

  constructor(chunking: Chunking) {
    this.#table = new TableBuilder('tally_rejection', rejectionColumns, chunking);
  }

  /** One row per source and reason of one body. */
  append(judgement: Judgement, arrival: Arrival): void {
    const table = this.#table;
    if (judgement.rejectedCount === 0) return;
    table.mark();
    for (const rejection of judgement.rejections) {
      if (table.rowCount === table.rowsPerChunkMax) table.rotate();
      const { columns } = table;
      columns.ReceivedAt.data.int64(arrival.msLow, arrival.msHigh);
      columns.Tenant.push(arrival.tenant, 0, arrival.tenant.bytes.length);
      push(columns.ServiceNamespace, rejection.serviceNamespace);
      push(columns.ServiceName, rejection.serviceName);
      push(columns.ServiceInstanceId, rejection.serviceInstanceId);
      push(columns.Signal, judgement.signal);
      push(columns.Reason, rejection.reason);
      columns.Items.data.uint64(rejection.items);
      table.rowCount++;
    }
    table.commit();
  }

  get byteCount(): number {
    return this.#table.byteCount;
  }

  seal(): NativeInsert | null {
    return this.#table.seal();
  }

  discard(): void {
    this.#table.discard();
  }
}

function push(column: LowCardinalityColumn | TextColumn, text: string): void {
  const source = new WireReader(Buffer.from(text));
  column.push(source, 0, source.bytes.length);
}
