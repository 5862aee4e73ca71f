import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

const seedBytes = 6;
/** Many at a time: one call for each would cost more than all else about a seed. */
const pool = Buffer.alloc(seedBytes * 512);
let used = pool.length;

/**
 * A seed for PostgreSQL's `random()`, between -1 and 1, that nobody can foresee. One that a function has chosen cannot be
 * taken back, only followed by another.
 */
export function randomSeed(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const value = pool.readUIntBE(used, seedBytes);
  used += seedBytes;
  return String(value / 2 ** (8 * seedBytes - 1) - 1);
}
