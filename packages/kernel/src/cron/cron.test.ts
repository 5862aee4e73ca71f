import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDue, nextTime, parseCron, parseJobSchedule, previousTime } from './index.ts';

/** Minutes of a span in which a schedule is due. */
function due(text: string, from: string, minutes: number): string[] {
  const times = parseCron(text)!;
  const start = Date.parse(from);
  return Array.from({ length: minutes }, (_, index) => new Date(start + index * 60_000))
    .filter(at => isDue(times, at))
    .map(at => at.toISOString().slice(0, 16));
}

const day = 24 * 60;

describe('a schedule', () => {
  it('is five fields with lists, ranges, steps and names, in GMT', () => {
    assert.deepEqual(due('*/20 9-10,23 * * *', '2026-03-04T00:00Z', day), [
      ...['2026-03-04T09:00', '2026-03-04T09:20', '2026-03-04T09:40', '2026-03-04T10:00', '2026-03-04T10:20'],
      ...['2026-03-04T10:40', '2026-03-04T23:00', '2026-03-04T23:20', '2026-03-04T23:40'],
    ]);
    assert.deepEqual(due('5/25 0 * jan MON', '2026-01-01T00:00Z', 7 * day), [
      '2026-01-05T00:05',
      '2026-01-05T00:30',
      '2026-01-05T00:55',
    ]);
    assert.deepEqual(due('0 0 * * 7', '2026-01-01T00:00Z', 7 * day), ['2026-01-04T00:00']);
  });

  it('with both days needs one of them, with one that one', () => {
    assert.deepEqual(due('0 0 2 * 1', '2026-01-01T00:00Z', 7 * day), [
      '2026-01-02T00:00',
      '2026-01-05T00:00',
    ]);
    assert.deepEqual(due('0 0 2 * *', '2026-01-01T00:00Z', 7 * day), ['2026-01-02T00:00']);
  });

  it('knows the last day of a month, in leap years too', () => {
    assert.deepEqual(due('0 12 $ * *', '2028-02-01T00:00Z', 60 * day), [
      '2028-02-29T12:00',
      '2028-03-31T12:00',
    ]);
    assert.deepEqual(due('0 12 $ * *', '2026-02-20T00:00Z', 20 * day), ['2026-02-28T12:00']);
  });

  it('is a number of seconds, a shorthand, or the start', () => {
    assert.deepEqual(parseJobSchedule('30 seconds'), { kind: 'seconds', seconds: 30 });
    assert.deepEqual(parseJobSchedule(' 1 Second '), { kind: 'seconds', seconds: 1 });
    assert.deepEqual(parseJobSchedule('@reboot'), { kind: 'reboot' });
    assert.deepEqual(due('@hourly', '2026-01-01T00:00Z', 121), [
      '2026-01-01T00:00',
      '2026-01-01T01:00',
      '2026-01-01T02:00',
    ]);
  });

  it('comes next, and came last, at a minute of its own', () => {
    const next = (text: string, at: string) => nextTime(parseCron(text)!, new Date(at))?.toISOString();
    const previous = (text: string, at: string) =>
      previousTime(parseCron(text)!, new Date(at))?.toISOString();
    assert.equal(next('0 12 $ feb *', '2026-03-01T00:00:00Z'), '2027-02-28T12:00:00.000Z');
    assert.equal(next('0 0 29 2 *', '2097-01-01T00:00:00Z'), '2104-02-29T00:00:00.000Z');
    assert.equal(next('30 2 * * *', '2026-11-27T02:30:00Z'), '2026-11-28T02:30:00.000Z');
    assert.equal(previous('30 2 * * *', '2026-11-27T02:30:00Z'), '2026-11-27T02:30:00.000Z');
    assert.equal(previous('@weekly', '2026-11-27T02:30:00Z'), '2026-11-22T00:00:00.000Z');
    assert.equal(next('0 0 31 2 *', '2026-01-01T00:00:00Z'), undefined);
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      '* * * *',
      '60 * * * *',
      '* 24 * * *',
      '* * 0 * *',
      '* * * 13 *',
      '* * * * 8',
      '5-1 * * * *',
      '99 99 * * *',
      'a b c d e',
      'jan * * * *',
      '* * * * * *',
      '@never',
      '*/0 * * * *',
      '60 seconds',
      '0 seconds',
      'a * * * *',
      '1,,2 * * * *',
      '* $ * * *',
    ])
      assert.equal(parseJobSchedule(text), null, text);
  });
});
