import { chargeRepeats } from './charge-repeats.ts';
import type { FixedColumn } from './columns/fixed-column.ts';
import type { MapColumn } from './columns/map-column.ts';
import { type RepeatedText, repeat } from './resource-columns.ts';
import type { TableBuilder } from './table-builder.ts';
import type { Walk } from './walk.ts';

/** Columns that hold the same in all rows of a scope; the traces table has no attributes of the scope. */
export interface ScopeColumns {
  readonly ScopeName: RepeatedText;
  readonly ScopeVersion: RepeatedText;
  readonly ScopeSchemaUrl: RepeatedText;
  readonly ScopeAttributes?: MapColumn;
  readonly ScopeDroppedAttrCount?: FixedColumn;
  readonly Anomalies: FixedColumn;
}

/** Fills the scope's columns for the rows since `scopeFrom`. */
export function fillScope(
  table: Pick<TableBuilder<never>, 'rowCount' | 'scopeFrom'>,
  columns: ScopeColumns,
  walk: Walk,
): void {
  const times = table.rowCount - table.scopeFrom;
  if (times === 0) return;
  const { scope } = walk;
  chargeRepeats(walk, scope.byteCount + scope.schemaUrl.byteCount, times);
  let anomalies = repeat(columns.ScopeName, scope.name, times);
  anomalies |= repeat(columns.ScopeVersion, scope.version, times);
  anomalies |= repeat(columns.ScopeSchemaUrl, scope.schemaUrl, times);
  if (columns.ScopeAttributes !== undefined) {
    anomalies |= columns.ScopeAttributes.push(walk.reader, scope.attributes);
    columns.ScopeAttributes.repeatLast(times - 1);
  }
  columns.ScopeDroppedAttrCount?.repeatUint32(scope.droppedAttributesCount, times);
  if (anomalies !== 0) {
    columns.Anomalies.orUint32(anomalies, table.scopeFrom);
    walk.judgement.note(anomalies, times);
  }
  table.scopeFrom = table.rowCount;
}
