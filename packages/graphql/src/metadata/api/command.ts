/** What a command of the metadata API gets and gives. One file a family; `table.ts` joins them. */

import type { Pool } from '@peakstone/kernel/pg';
import type { Session } from '../../auth/types.ts';
import type { GraphqlConfig } from '../../config/types.ts';
import type { Database } from '../../engine/database.ts';
import { HasuraError } from '../../errors.ts';
import type { Staged } from '../state.ts';
import type { MetadataStore } from '../store/types.ts';

export interface CommandContext {
  readonly staged: Staged;
  readonly session: Session;
  readonly config: GraphqlConfig;
  readonly store: MetadataStore;
  /** Of a source, as the role that the server logs in with. @throws {HasuraError} for a source that is not there */
  pool(source: string): Pool;
  database(source: string): Database;
  /** Runs another command, with all its checks. */
  run(request: CommandRequest): Promise<unknown>;
}

export interface CommandRequest {
  readonly type: string;
  readonly args: unknown;
  readonly version?: number;
  readonly source?: string;
  readonly resource_version?: number;
}

/** Gives the body of the answer, before it is JSON. @throws {HasuraError} with the path within `args` */
export type Command = (args: Args, context: CommandContext, version: number) => unknown | Promise<unknown>;

export type CommandTable = Readonly<Record<string, Command>>;

/** Arguments as they came, read member by member. */
export class Args {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
    this.#members =
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : {};
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null;
  }

  /** @throws {HasuraError} parse-failed when it is not there */
  required<T>(name: string, type: string = 'Args'): T {
    const value = this.#members[name];
    if (value === undefined)
      throw new HasuraError('parse-failed', `parsing ${type} failed, key "${name}" not found`, {
        path: ['args'],
      });
    return value as T;
  }

  optional<T>(name: string): T | undefined {
    const value = this.#members[name];
    return value === null ? undefined : (value as T | undefined);
  }

  text(name: string): string {
    const value = this.required<unknown>(name);
    if (typeof value !== 'string')
      throw new HasuraError(
        'parse-failed',
        `parsing Text failed, expected String, but encountered ${kindOf(value)}`,
        { path: ['args', name] },
      );
    return value;
  }

  flag(name: string): boolean {
    return this.#members[name] === true;
  }
}

export function kindOf(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  return { string: 'String', boolean: 'Boolean', number: 'Number' }[typeof value as string] ?? 'Object';
}

export const success = { message: 'success' } as const;
