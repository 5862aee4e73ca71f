/** How long a role's statements may take, as the database's settings of roles say (`ALTER ROLE … SET statement_timeout`). */
import type { Pool } from '@peakstone/kernel/pg';
import { noRoleConfig, type RoleConfig, readRoleConfig } from '@peakstone/kernel/request';

/** Of roles of which nothing is said. A policy or trigger that does not end must not hold a connection. */
const otherwise = '30s';
const freshMs = 60_000;

export class RoleTimeouts {
  readonly #pool: Pool;
  #known: Promise<RoleConfig> = Promise.resolve(noRoleConfig);
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Never throws: a database that cannot be asked refuses the statement itself. */
  async of(role: string): Promise<string> {
    if (Date.now() - this.#readAt > freshMs) {
      this.#readAt = Date.now();
      const before = this.#known;
      this.#known = readRoleConfig(this.#pool).catch(() => {
        this.#readAt = Number.NEGATIVE_INFINITY;
        return before;
      });
    }
    const said = (await this.#known).settings.get(role)?.get('statement_timeout');
    return said === undefined || /^0\D*$/.test(said) ? otherwise : said;
  }
}
