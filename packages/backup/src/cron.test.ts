import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCron } from './cron.ts';

const at = (text: string): Date => new Date(text);
const next = (cron: string, from: string): string => parseCron(cron)!.next(at(from)).toISOString();
const previous = (cron: string, from: string): string => parseCron(cron)!.previous(at(from)).toISOString();

describe('a schedule', () => {
  it('comes at its minutes, hours, days and months', () => {
    assert.equal(next('30 2 * * *', '2026-11-27T02:29:59Z'), '2026-11-27T02:30:00.000Z');
    assert.equal(next('30 2 * * *', '2026-11-27T02:30:00Z'), '2026-11-28T02:30:00.000Z');
    assert.equal(next('*/20 * * * *', '2026-11-27T23:50:00Z'), '2026-11-28T00:00:00.000Z');
    assert.equal(next('0 9-17/4 * * 1-5', '2026-11-27T17:30:00Z'), '2026-11-30T09:00:00.000Z');
    assert.equal(next('0 0 29 2 *', '2026-01-01T00:00:00Z'), '2028-02-29T00:00:00.000Z');
    assert.equal(next('5,35 1 1 1,7 *', '2026-02-01T00:00:00Z'), '2026-07-01T01:05:00.000Z');
  });

  it('came last at or before a moment, so that what was missed while a machine slept is seen', () => {
    assert.equal(previous('0 1 * * 0', '2026-11-27T00:00:00Z'), '2026-11-22T01:00:00.000Z');
    assert.equal(previous('0 1 * * 0', '2026-11-22T01:00:00Z'), '2026-11-22T01:00:00.000Z');
  });

  it('takes either of a day of the month and a day of the week, as cron does, and 7 for Sunday', () => {
    assert.equal(next('0 0 13 * 5', '2026-11-01T00:00:00Z'), '2026-11-06T00:00:00.000Z');
    assert.equal(next('0 0 * * 7', '2026-11-27T00:00:00Z'), '2026-11-29T00:00:00.000Z');
  });

  it('can be a word', () => {
    for (const word of ['hourly', 'daily', 'weekly', 'monthly', 'Daily']) assert.ok(parseCron(word), word);
    assert.equal(next('hourly', '2026-11-27T22:10:00Z'), '2026-11-27T23:00:00.000Z');
  });

  it('is refused where it is none, or would never come', () => {
    for (const text of [
      '',
      'never',
      '* * * *',
      '60 * * * *',
      '* 24 * * *',
      '* * 0 * *',
      '* * * 13 *',
      '5-1 * * * *',
      '*/0 * * * *',
      '0 0 31 2 *',
      '1 2 3 4 5 6',
      '-1 * * * *',
    ])
      assert.equal(parseCron(text), undefined, text);
  });
});
