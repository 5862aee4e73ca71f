/**
 * What each may have us hold by live operations: their number, and the bytes of their requests and plans, counted as if nobody
 * shared them. The administrator is an application's own server and has what all have; strangers have least, and half of it together.
 */
import { sourceOf } from '@peakstone/kernel/http';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';

export type ShareLimits = GraphqlConfig['liveShares'];

/** Who counts as one. */
export interface Holder {
  readonly kind: 'admin' | 'user' | 'visitor';
  readonly key: string;
}

/** A user by the identifier in his token; strangers, and who has none, by where they come from. */
export function holderOf(
  { role, isAdmin, variables }: Session,
  address: string,
  unauthorizedRole: string | null,
): Holder {
  if (isAdmin) return { kind: 'admin', key: 'admin' };
  const kind = role === unauthorizedRole ? 'visitor' : 'user';
  const id = kind === 'user' ? variables.get('x-hasura-user-id') : undefined;
  return { kind, key: JSON.stringify(id === undefined ? [role, sourceOf(address)] : [role, 'user', id]) };
}

interface Held {
  count: number;
  bytes: number;
}

export class Shares {
  readonly #limits: ShareLimits;
  readonly #all: Held = { count: 0, bytes: 0 };
  readonly #visitors: Held = { count: 0, bytes: 0 };
  readonly #byHolder = new Map<string, Held>();

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** @returns what gives it back. @throws {HasuraError} start-failed, with the setting that bounds it */
  take(holder: Holder, bytes: number): () => void {
    const own = this.#byHolder.get(holder.key) ?? { count: 0, bytes: 0 };
    const taken = [this.#all];
    this.#assertRoom(this.#all, 'all', bytes, 1);
    if (holder.kind === 'visitor') {
      this.#assertRoom(this.#visitors, 'all', bytes, 2);
      taken.push(this.#visitors);
    }
    if (holder.kind !== 'admin') {
      this.#assertRoom(own, holder.kind, bytes, 1);
      this.#byHolder.set(holder.key, own);
      taken.push(own);
    }
    for (const held of taken) {
      held.count += 1;
      held.bytes += bytes;
    }
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      for (const held of taken) {
        held.count -= 1;
        held.bytes -= bytes;
      }
      if (own.count === 0) this.#byHolder.delete(holder.key);
    };
  }

  #assertRoom(held: Held, of: keyof ShareLimits, bytes: number, divisor: number): void {
    const { whose, setting } = told[of];
    const { count, maxBytes } = this.#limits[of];
    const part = divisor === 1 ? whose : `visitors of this server, who have half of it`;
    if (held.count + 1 > count / divisor)
      throw tooMany(`more than ${Math.floor(count / divisor)} subscriptions of ${part} (${setting}S)`);
    if (held.bytes + bytes > maxBytes / divisor)
      throw tooMany(
        `subscriptions of ${part} would hold more than ${Math.floor(maxBytes / divisor)} bytes (${setting}_BYTES)`,
      );
  }
}

/** How a bound is told, and the setting that raises it. */
const told: Readonly<Record<keyof ShareLimits, { readonly whose: string; readonly setting: string }>> = {
  all: { whose: 'all clients of this server', setting: 'PEAKSTONE_GRAPHQL_MAX_SUBSCRIPTION' },
  user: { whose: 'one user', setting: 'PEAKSTONE_GRAPHQL_MAX_USER_SUBSCRIPTION' },
  visitor: { whose: 'one visitor', setting: 'PEAKSTONE_GRAPHQL_MAX_VISITOR_SUBSCRIPTION' },
};

function tooMany(message: string): HasuraError {
  return new HasuraError('start-failed', message);
}
