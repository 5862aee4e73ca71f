/**
 * Limits of the metadata, for all and by role: how deep and large an operation may be, how long it may take, how many may
 * come. @see https://hasura.io/docs/2.0/security/api-limits/
 */
import { BoundedCache } from '@peakstone/kernel/boundedCache';
import { adminRole, type Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import type { Metadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';

/** What holds for one role; null for no limit. */
export interface RoleLimits {
  readonly depth: number | null;
  readonly nodes: number | null;
  readonly seconds: number | null;
  readonly batch: number | null;
  readonly rate: RateLimit | null;
}

interface RateLimit {
  readonly max_reqs_per_min: number;
  /** `IP`, or session variables; none for all together. */
  readonly unique_params?: 'IP' | readonly string[] | null;
}

interface Limit<Value> {
  readonly global?: Value;
  readonly per_role?: Readonly<Record<string, Value>>;
}

interface ApiLimits {
  readonly disabled?: boolean;
  readonly depth_limit?: Limit<number>;
  readonly node_limit?: Limit<number>;
  readonly time_limit?: Limit<number>;
  readonly batch_limit?: Limit<number>;
  readonly rate_limit?: Limit<RateLimit>;
}

const none: RoleLimits = { depth: null, nodes: null, seconds: null, batch: null, rate: null };

/** The administrator has none. Pure. */
export function limitsOf({ api_limits: given }: Metadata, role: string): RoleLimits {
  const limits = (given ?? { disabled: true }) as ApiLimits;
  if (limits.disabled === true || role === adminRole) return none;
  const pick = <Value>(limit: Limit<Value> | undefined): Value | null =>
    limit?.per_role?.[role] ?? limit?.global ?? null;
  return {
    depth: pick(limits.depth_limit),
    nodes: pick(limits.node_limit),
    seconds: pick(limits.time_limit),
    batch: pick(limits.batch_limit),
    rate: pick(limits.rate_limit),
  };
}

/** The settings with what a role's limits lower. Pure. */
export function limitedConfig(config: GraphqlConfig, { depth, nodes }: RoleLimits): GraphqlConfig {
  if (depth === null && nodes === null) return config;
  const { maxDepth } = config.limits;
  return {
    ...config,
    limits: {
      ...config.limits,
      maxDepth: Math.min(maxDepth, depth ?? maxDepth),
      maxNodes: nodes,
    },
  };
}

const minuteMs = 60_000;

interface Window {
  readonly minute: number;
  readonly before: number;
  count: number;
}

/** Counts requests by who sends them, over the last minute; what came in the minute before counts by how much of it is left. */
export class RateCounter {
  readonly #windows = new BoundedCache<Window>({ maxEntries: 100_000, maxBytes: Number.MAX_SAFE_INTEGER });

  /** @throws {HasuraError} when there have been too many */
  admit(limit: RateLimit, session: Session, address: string | null, nowMs: number): void {
    const key = `${session.role}\n${senderOf(limit, session, address)}`;
    const minute = Math.floor(nowMs / minuteMs);
    let window = this.#windows.get(key);
    if (window?.minute !== minute) {
      window = { minute, before: window?.minute === minute - 1 ? window.count : 0, count: 0 };
      this.#windows.set(key, window, 1);
    }
    const left = 1 - (nowMs % minuteMs) / minuteMs;
    if (window.count + window.before * left >= limit.max_reqs_per_min)
      throw new HasuraError(
        'rate-limit-exceeded',
        `more than ${limit.max_reqs_per_min} requests per minute; try again later`,
      );
    window.count++;
  }
}

function senderOf(
  { unique_params: params }: RateLimit,
  { variables }: Session,
  address: string | null,
): string {
  if (params === 'IP') return address ?? '';
  return (params ?? []).map(name => variables.get(name.toLowerCase()) ?? '').join('\n');
}
