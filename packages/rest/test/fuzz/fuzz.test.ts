import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { allBeyond } from '../support/beyond.ts';
import { generateBeyond } from './beyond.ts';
import { generateRequest } from './grammar.ts';
import { fuzz } from './run.ts';
import { startTarget } from './target.ts';

const kinds = [
  { name: 'of the reference', beyond: defaultBeyond, generate: generateRequest },
  { name: 'beyond the reference', beyond: allBeyond, generate: generateBeyond },
];

describe('generated requests', () => {
  for (const { name, beyond, generate } of kinds)
    it(`${name} never cause a crash, a 500 or a statement that input has broken`, async () => {
      const target = await startTarget(beyond);
      try {
        const report = await fuzz(target.handler, target.catalog, { seed: 20261124, count: 4_000, generate });
        assert.deepEqual(report.findings, []);
        // The generator must reach past the parser, or it proves nothing.
        const answered = report.statuses.get(200) ?? 0;
        assert.ok(
          answered > report.requests / 20,
          `only ${answered} of ${report.requests} requests were answered 200`,
        );
      } finally {
        await target.close();
      }
    });
});
