/**
 * How long the catalog takes to load, and for how long at most it keeps the event loop, by number of relations.
 *
 *   npm run bench -- kernel/catalog          1,000 and 10,000 relations
 *   npm run bench -- kernel/catalog --70k    70,000 as well (a minute to create)
 */
import { parseArgs } from 'node:util';
import { loadCatalog } from '@peakstone/kernel/catalog';
import { createPool } from '@peakstone/kernel/pg';
import { testDatabase } from '@peakstone/testing';
import { manyRelationsSql } from './parts/manyRelations.ts';

const LOADS = 5;

const { values } = parseArgs({ options: { '70k': { type: 'boolean', default: false } } });

for (const relations of values['70k'] ? [1000, 10_000, 70_000] : [1000, 10_000]) {
  const database = await testDatabase();
  const pool = createPool({ url: database.superuserUrl, size: 1 });
  try {
    for (const statement of manyRelationsSql(relations)) await pool.script(statement);
    const times: number[] = [];
    const stalls: number[] = [];
    let looked = 0;
    for (let i = 0; i < LOADS; i++) {
      const stall = watchEventLoop();
      const catalog = await loadCatalog(pool);
      stalls.push(stall());
      times.push(catalog.loadedInMs);
      // One relation as a request would look it up, so that a load that decodes nothing cannot win.
      looked += catalog.relationships.get('s0\0t0')?.length ?? 0;
      if (catalog.tables.size !== relations || looked === 0) throw new Error('The catalog is incomplete');
    }
    console.log(
      `${relations} relations: load ${median(times).toFixed(0)} ms (worst ${Math.max(...times).toFixed(0)}), ` +
        `longest event-loop stretch ${median(stalls).toFixed(0)} ms (worst ${Math.max(...stalls).toFixed(0)}), ` +
        `memory ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
    );
  } finally {
    await pool.close();
    await database.drop();
  }
}

/** Measures until called; gives the longest time in ms that the event loop did not turn. */
function watchEventLoop(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}
