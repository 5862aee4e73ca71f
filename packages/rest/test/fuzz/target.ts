import { readFile } from 'node:fs/promises';
import { testDatabase } from '@peakstone/testing';
import type { BeyondConfig } from '../../src/config/beyond.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

/** What the fuzzer shoots at: a schema with one of everything, where every write is rolled back. `close` drops it. */
export async function startTarget(beyond: BeyondConfig): Promise<TestEngine> {
  const sql = await readFile(new URL('schema.sql', import.meta.url), 'utf8');
  const database = await testDatabase({ sql });
  const engine = await startEngine(database.superuserUrl, {
    dbSchemas: ['test'],
    dbAnonRole: 'postgres',
    dbAggregatesEnabled: true,
    dbPlanEnabled: true,
    dbTxEnd: 'rollback-allow-override',
    beyond,
    jwtSecret: Buffer.from('a secret of at least thirty-two characters'),
  });
  return {
    ...engine,
    async close() {
      await engine.close();
      await database.drop();
    },
  };
}
