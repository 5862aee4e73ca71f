/** A service that is run by itself, in place of the one that it stands in for: where it listens, and what it says of itself. */
import { networks } from './http/address.ts';

/** What stands between strangers and a service. */
export interface Guard {
  /** The settings that strangers cannot do without: `HASURA_GRAPHQL_ADMIN_SECRET`. */
  readonly by: string;
  readonly isSet: boolean;
  /** What whoever reaches it may do where they are not set: `read and change everything`. */
  readonly otherwise: string;
}

export interface Introduction {
  /** What it serves: `GraphQL of the database shop`. */
  readonly what: string;
  readonly url: string;
  /** The address that it listens on. */
  readonly host: string;
  /** The setting that names another, as it is typed for this machine alone. */
  readonly loopbackSetting: string;
  readonly guard?: Guard;
}

/**
 * Where one listens that was told no address: everywhere, as those that it stands in for, but where nothing is asked of
 * strangers, on this machine alone. Pure.
 */
export function usualHost({ isSet }: Pick<Guard, 'isSet'>, everywhere = '0.0.0.0'): string {
  return isSet ? everywhere : '127.0.0.1';
}

/** One line for the operator, with `!` before it where everybody on the network may do everything. Pure. */
export function introduce({ what, url, host, loopbackSetting, guard }: Introduction): string {
  const isLoopback = host === 'localhost' || loopback(host);
  const where = `${what} at ${url}, ${isLoopback ? 'for this machine alone' : 'on every network of this machine'}`;
  if (guard === undefined) return `${where}.`;
  const { by, isSet, otherwise } = guard;
  if (isSet) return `${where}, secured by ${by}.`;
  return isLoopback
    ? `${where}: without ${by}, whoever asks may ${otherwise}.`
    : `! ${where}, where whoever reaches it may ${otherwise}. Set ${by}, or keep it to this machine: ${loopbackSetting}`;
}

const loopback = networks(['loopback']);
