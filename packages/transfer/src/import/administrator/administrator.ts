import type { Pool } from '@peakstone/kernel/pg';
import type { World } from '../world.ts';
import { type Act, assertListed } from './act.ts';
import { statementOf } from './statement.ts';

/** What may look at the catalogs as the administrator, in words that are no dump's. */
export type Onlooker = Pick<Pool, 'query'>;

/**
 * The administrator's session for the time of an import. It does acts and nothing else: SQL of a dump, or made from one, has no
 * way to it.
 */
export class Administrator {
  readonly #pool: Pool;
  readonly #world: World;

  constructor(pool: Pool, world: World) {
    this.#pool = pool;
    this.#world = world;
  }

  /**
   * @param rows For `write jobs` without values.
   * @returns the tags of what was done. @throws {UnlistedError} by the rule {PgError} where the server refuses it
   */
  async do(act: Act, rows?: AsyncIterable<Buffer>): Promise<readonly string[]> {
    assertListed(act, this.#world);
    const results = await this.#pool.script(
      statementOf(act, this.#world),
      rows === undefined ? {} : { copyIn: () => rows },
    );
    return results.map(({ tag }) => tag ?? '');
  }

  get onlooker(): Onlooker {
    return this.#pool;
  }
}
