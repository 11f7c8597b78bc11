/** Content types as ClickHouse gives them; a format that is not listed is text. */
const CONTENT_TYPES: readonly (readonly [format: RegExp, contentType: string])[] = [
  [/^JSON(Compact)?(Strings|Objects?)?Each(Row|Column)/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON|^ODBCDriver2$/i, 'application/json; charset=UTF-8'],
  [/^CSVWithNames/i, 'text/csv; charset=UTF-8; header=present'],
  [/^CSV$/i, 'text/csv; charset=UTF-8; header=absent'],
  [/^(TabSeparated|TSV)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
  [
    /^(Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|BSON|Protobuf|Npy|Null|RawBLOB)/i,
    'application/octet-stream',
  ],
];

export function contentTypeOf(format: string): string {
  return CONTENT_TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}
