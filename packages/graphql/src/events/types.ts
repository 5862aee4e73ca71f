/** Event triggers as the metadata has them. @see https://hasura.io/docs/2.0/api-reference/metadata-api/event-triggers/ */
import type { Columns } from '../definition/metadata.ts';
import type { HeaderConf, RequestTransform, ResponseTransform } from '../definition/webhook.ts';

export type TriggerOperation = 'INSERT' | 'UPDATE' | 'DELETE';

/** Columns whose change counts, and those that are told. */
interface OperationSpec {
  readonly columns: Columns;
  readonly payload?: Columns;
}

export interface EventTriggerConf {
  readonly name: string;
  readonly definition: {
    readonly enable_manual?: boolean;
    readonly insert?: OperationSpec;
    readonly update?: OperationSpec;
    readonly delete?: OperationSpec;
  };
  readonly retry_conf: RetryConf;
  readonly webhook?: string;
  readonly webhook_from_env?: string;
  readonly headers?: readonly HeaderConf[];
  readonly request_transform?: RequestTransform;
  readonly response_transform?: ResponseTransform;
  readonly cleanup_config?: CleanupConf;
  readonly trigger_on_replication?: boolean;
}

export interface RetryConf {
  readonly num_retries: number;
  readonly interval_sec: number;
  readonly timeout_sec?: number;
}

export interface CleanupConf {
  readonly schedule: string;
  /** Hours. */
  readonly clear_older_than: number;
  readonly batch_size?: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly clean_invocation_logs?: boolean;
  readonly paused?: boolean;
}

export const operations: readonly (readonly [TriggerOperation, 'insert' | 'update' | 'delete'])[] = [
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
];

export const defaultRetry: RetryConf = { num_retries: 0, interval_sec: 10, timeout_sec: 60 };
