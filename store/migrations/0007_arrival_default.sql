-- Why:  a Collector's ClickHouse exporter may write into these tables too, and does not know our arrival time. Without
--       a default its rows are of 1970, and the TTL drops them at the next merge.
-- Undo: ALTER TABLE otel_… MODIFY COLUMN ReceivedAt REMOVE DEFAULT, for each table.

ALTER TABLE otel_traces {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_logs {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_metrics_gauge {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_metrics_sum {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_metrics_histogram {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_metrics_exponential_histogram {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
ALTER TABLE otel_metrics_summary {on_cluster} MODIFY COLUMN ReceivedAt DEFAULT now64(3, 'UTC');
