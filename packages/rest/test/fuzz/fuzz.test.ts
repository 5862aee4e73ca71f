import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { testDatabase } from '@peakstone/testing';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { startEngine } from '../support/engine.ts';
import { allBeyond, generateBeyond } from './beyond.ts';
import { generateRequest } from './grammar.ts';
import { fuzz } from './run.ts';

const kinds = [
  { name: 'of the reference', beyond: defaultBeyond, generate: generateRequest },
  { name: 'beyond the reference', beyond: allBeyond, generate: generateBeyond },
];

describe('generated requests', () => {
  for (const { name, beyond, generate } of kinds)
    it(`${name} never cause a crash, a 500 or a statement that input has broken`, async () => {
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
      try {
        const report = await fuzz(engine.handler, engine.catalog, { seed: 20261124, count: 4_000, generate });
        assert.deepEqual(report.findings, []);
        // The generator must reach past the parser, or it proves nothing.
        const answered = report.statuses.get(200) ?? 0;
        assert.ok(
          answered > report.requests / 20,
          `only ${answered} of ${report.requests} requests were answered 200`,
        );
      } finally {
        await engine.close();
        await database.drop();
      }
    });
});
