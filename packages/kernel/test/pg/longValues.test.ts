import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { createPool, PgError, type Pool, type Result, type Statement } from '../../src/pg/index.ts';

const statement = (text: string, ...values: (string | Uint8Array)[]): Statement => ({ text, values });
const texts = (result: Result | undefined): (string | null)[][] =>
  result!.rows.map(row => row.map(cell => (cell === null ? null : cell.toString())));
const code = (expected: string) => (error: unknown) => error instanceof PgError && error.code === expected;

describe('an exchange with long values', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await testDatabase();
    pool = createPool({ url: database.url });
  });
  after(async () => {
    await pool.close();
    await database.drop();
  });

  it('sends values of megabytes from where they are, in their places', async () => {
    const bytes = (fill: string): Buffer => Buffer.alloc(3_000_000, fill);
    const parts = 'select $1::text || $2::text, left($3::text, 2), right($4::text, 2), length($4::text)';
    const results = await Promise.all(
      ['a', 'b', 'c'].map(letter =>
        pool.exchange({
          statements: [
            statement(parts, letter, 'z', bytes(letter), bytes(`${letter}é`)),
            statement('select $1::text', letter),
          ],
          lane: 'shared',
        }),
      ),
    );
    results.forEach(([first, second], i) => {
      const letter = 'abc'[i] ?? '';
      assert.deepEqual(texts(first), [[`${letter}z`, letter.repeat(2), `${letter}é`, '2000000']]);
      assert.deepEqual(texts(second), [[letter]]);
    });
    // What cannot be encoded takes the long values before it along.
    const refused = pool.exchange({
      statements: [statement('select $1::text', bytes('x')), statement('select \0')],
    });
    await assert.rejects(refused, code('22021'));
    assert.deepEqual(texts((await pool.exchange({ statements: [statement('select 1')] }))[0]), [['1']]);
  });
});
