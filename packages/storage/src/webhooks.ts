/** Where notifications go: webhooks, of the environment, as MinIO names them. Pure. */
import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

export interface Webhook {
  /** `_` for the one without a name of its own. */
  readonly id: string;
  readonly endpoint: string;
  readonly authToken: string | undefined;
  /** Notifications that may wait for it. */
  readonly queueLimit: number;
}

const prefix = 'MINIO_NOTIFY_WEBHOOK_';
const maxQueueLimit = 100_000;

/** @throws {ConfigError} naming the variable */
export function readWebhooks(env: Env): Webhook[] {
  const ids = new Set<string>();
  for (const name of Object.keys(env)) {
    const match = /^MINIO_NOTIFY_WEBHOOK_(?:ENABLE|ENDPOINT)(?:_(.+))?$/.exec(name);
    if (match !== null && env[name]) ids.add(match[1] ?? '_');
  }
  return [...ids].sort().flatMap(id => {
    const named = (what: string): string => `${prefix}${what}${id === '_' ? '' : `_${id}`}`;
    const value = (what: string): string | undefined => env[named(what)] || undefined;
    if (!/^(?:on|true|1|yes)$/i.test(value('ENABLE') ?? '')) return [];
    const endpoint = value('ENDPOINT') ?? '';
    if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
      throw new ConfigError(named('ENDPOINT'), 'an address: https://HOST/PATH');
    const limit = Number(value('QUEUE_LIMIT') ?? maxQueueLimit);
    if (!Number.isInteger(limit) || limit < 0 || limit > maxQueueLimit)
      throw new ConfigError(named('QUEUE_LIMIT'), `a number up to ${maxQueueLimit}`);
    return [{ id, endpoint, authToken: value('AUTH_TOKEN'), queueLimit: limit || maxQueueLimit }];
  });
}

export function arnOf({ id }: Webhook, region: string | undefined): string {
  return `arn:minio:sqs:${region ?? ''}:${id}:webhook`;
}
