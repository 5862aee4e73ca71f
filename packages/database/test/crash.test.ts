import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crashRound, type Victim } from './crash.ts';
import { remove, temporaryFolder } from './support.ts';

const ROUNDS = 2;

describe('kill -9 during writes loses no acknowledged row, and the next start needs no help', () => {
  let folder: string;
  before(() => {
    folder = temporaryFolder();
  });
  after(() => remove(folder));

  const cases: readonly (readonly [Victim, string])[] = [
    ['postmaster', 'of the postmaster'],
    ['parent', 'of the process that started it, whose orphan is stopped'],
    ['both', 'of both at once'],
  ];
  for (const [victim, title] of cases) {
    it(title, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { acknowledged, lost } = await crashRound(path.join(folder, victim), victim, 150);
        assert.ok(acknowledged > 0, 'nothing was written before the kill');
        assert.equal(lost, 0);
      }
    });
  }
});
