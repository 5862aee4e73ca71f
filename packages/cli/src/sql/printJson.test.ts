import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Field } from '@peakstone/kernel/pg';
import { JsonPrinter } from './printJson.ts';

const n: readonly Field[] = [{ name: 'n', typeOid: 23 }];
const row = (text: string) => [[Buffer.from(text)]];

/** What a script prints whose results have these rows; the last one is cut by an error when there is one. */
function printed(results: readonly (readonly string[])[], statements: number, error?: object): unknown {
  const printer = new JsonPrinter(new Map(), statements);
  let text = '';
  results.forEach((rows, index) => {
    for (const value of rows) text += printer.rows(row(value), n);
    if (!error || index < results.length - 1) text += printer.end({ tag: 'SELECT', fields: n, rows: [] });
  });
  return JSON.parse(text + printer.finish(error));
}

describe('printing one JSON value', () => {
  it('has the rows of one statement, or an array with those of each', () => {
    assert.deepEqual(printed([['1', '2']], 1), [{ n: 1 }, { n: 2 }]);
    assert.deepEqual(printed([[]], 1), []);
    assert.deepEqual(printed([], 0), []);
    assert.deepEqual(printed([['1'], [], ['2', '3']], 3), [[{ n: 1 }], [], [{ n: 2 }, { n: 3 }]]);
  });

  it('gives each of several columns of one name a name of its own', () => {
    const fields = ['id', 'id_2', 'id', 'id'].map(name => ({ name, typeOid: 23 })) as Field[];
    const printer = new JsonPrinter(new Map(), 1);
    printer.rows([['1', '2', '3', '4'].map(text => Buffer.from(text))], fields);
    printer.end({ tag: 'SELECT 1', fields, rows: [] });
    assert.deepEqual(JSON.parse(printer.finish()), [{ id: 1, id_2: 2, id_3: 3, id_4: 4 }]);
  });

  it('has an error in the place of the rows of the statement that failed', () => {
    const error = { message: 'no' };
    assert.deepEqual(printed([['1']], 1, error), { error });
    assert.deepEqual(printed([[]], 2, error), [{ error }]);
    assert.deepEqual(printed([['1'], []], 2, error), [[{ n: 1 }], { error }]);
  });

  it('ends the array of rows that were too many to keep back', () => {
    const many = Array.from({ length: 200 }, () => '1'.repeat(10_000));
    const cut = printed([many], 1, { message: 'no' }) as unknown[];
    assert.equal(cut.length, 200);
    const [rows, last] = printed([many], 2, { message: 'no' }) as [unknown[], object];
    assert.equal(rows.length, 200);
    assert.deepEqual(last, { error: { message: 'no' } });
  });
});
