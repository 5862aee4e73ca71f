import { type Stack, stackVersion } from '../definition.ts';

/**
 * The images that rendered files name unless a variable says otherwise. Each tag is immutable by its publisher's practice;
 * none is `latest`. MinIO's two come from its second registry: the first was emptied in September 2026.
 */
export const pinnedImages: Readonly<Record<string, string>> = {
  PGCAT_IMAGE: 'ghcr.io/postgresml/pgcat:v1.2.0',
  POSTGREST_IMAGE: 'postgrest/postgrest:v14.12',
  HASURA_IMAGE: 'hasura/graphql-engine:v2.48.6',
  MINIO_IMAGE: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z',
  RUSTFS_IMAGE: 'rustfs/rustfs:1.0.0',
  MINIO_MC_IMAGE: 'quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z',
  IMGPROXY_IMAGE: 'darthsim/imgproxy:v3.30.1',
  ATLAS_IMAGE: 'arigaio/atlas:0.35.0-community-alpine',
  PGADMIN_IMAGE: 'dpage/pgadmin4:9.17',
  LOKI_IMAGE: 'grafana/loki:3.7.6',
  ALLOY_IMAGE: 'grafana/alloy:v1.19.2',
  GRAFANA_IMAGE: 'grafana/grafana:12.4.5',
  CADDY_IMAGE: 'caddy:2.10.2-alpine',
};

/** PostgreSQL with the extensions: ours, and the one that the original stack's own repository publishes. */
export const postgresImages = {
  peakstone: `ghcr.io/peakstone/peakstone-postgres:${stackVersion}`,
  upstream: 'ghcr.io/willosagiede-dev/peakstone-postgres:17.6-exts',
} as const;

/** An upstream image as `${VARIABLE:-pinned}`. */
export function upstreamImage(variable: string, pin: string = variable): string {
  return `\${${variable}:-${pinnedImages[pin]}}`;
}

export function postgresImage(engine: 'peakstone' | 'upstream'): string {
  return `\${POSTGRES_IMAGE:-${postgresImages[engine]}}`;
}

export function peakstoneImage(stack: Stack): string {
  return `\${PEAKSTONE_IMAGE:-${stack.image}}`;
}
