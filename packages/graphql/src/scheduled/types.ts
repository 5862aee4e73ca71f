/** Cron triggers of the metadata, and what one-off events share with them. */
import type { HeaderConf, RequestTransform, ResponseTransform, UrlConf } from '../definition/webhook.ts';

export interface CronTriggerConf {
  readonly name: string;
  readonly webhook: UrlConf;
  readonly schedule: string;
  readonly payload?: unknown;
  readonly retry_conf?: ScheduledRetryConf;
  readonly headers?: readonly HeaderConf[];
  readonly include_in_metadata: boolean;
  readonly comment?: string;
  readonly request_transform?: RequestTransform;
  readonly response_transform?: ResponseTransform;
}

export interface ScheduledRetryConf {
  readonly num_retries?: number;
  readonly retry_interval_seconds?: number;
  readonly timeout_seconds?: number;
  /** How late an event may be and still be delivered. */
  readonly tolerance_seconds?: number;
}

export const defaultScheduledRetry: Required<ScheduledRetryConf> = {
  num_retries: 0,
  retry_interval_seconds: 10,
  timeout_seconds: 60,
  tolerance_seconds: 6 * 3600,
};

/** The two kinds, and the reference's tables of each. */
export const kinds = {
  cron: { events: 'hdb_catalog.hdb_cron_events', logs: 'hdb_catalog.hdb_cron_event_invocation_logs' },
  one_off: {
    events: 'hdb_catalog.hdb_scheduled_events',
    logs: 'hdb_catalog.hdb_scheduled_event_invocation_logs',
  },
} as const;

export type ScheduledKind = keyof typeof kinds;
