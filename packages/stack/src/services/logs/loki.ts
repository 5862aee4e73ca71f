/**
 * Loki as one process: chunks and index in the stack's object store, 168 hours of retention.
 * @see https://grafana.com/docs/loki/latest/configure/
 * @param storageOrigin such as `http://peakstone-storage:9000`; path-style addressing.
 */
export function lokiConfig(storageOrigin: string): string {
  const secure = storageOrigin.startsWith('https:');
  return `auth_enabled: false

server:
  http_listen_port: 3100
  grpc_listen_port: 9096
  log_level: warn

# Alone, whatever its network interfaces are called: by default it asks eth0, en0 and lo for an address.
common:
  instance_addr: 127.0.0.1
  path_prefix: /loki
  replication_factor: 1
  ring:
    kvstore:
      store: inmemory

schema_config:
  configs:
    - from: "2024-01-01"
      store: tsdb
      object_store: s3
      schema: v13
      index:
        prefix: loki_index_
        period: 24h

storage_config:
  aws:
    endpoint: ${storageOrigin}
    bucketnames: loki
    s3forcepathstyle: true
    insecure: ${!secure}
  tsdb_shipper:
    active_index_directory: /loki/tsdb-index
    cache_location: /loki/tsdb-cache

compactor:
  working_directory: /loki/compactor
  compaction_interval: 5m
  retention_enabled: true
  delete_request_store: s3

limits_config:
  retention_period: 168h
  max_query_lookback: 168h
  ingestion_rate_mb: 8
  ingestion_burst_size_mb: 16
  volume_enabled: true

querier:
  max_concurrent: 4

analytics:
  reporting_enabled: false
`;
}
