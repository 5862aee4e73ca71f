import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RestError } from '../errors.ts';
import { allRows, capRange, noRows, rangeOf, topLevelRange } from './range.ts';

const details = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as RestError).details ?? (error as RestError).code;
  }
  return assert.fail('nothing was thrown');
};

describe('the rows wanted', () => {
  it('are all without limit, offset and header', () => {
    assert.deepEqual(topLevelRange('GET', undefined, undefined), allRows);
  });

  it('are what header and query have in common', () => {
    assert.deepEqual(topLevelRange('GET', '5-20', rangeOf('10', undefined)), { lower: 5, upper: 9 });
  });

  it('heed the Range header for GET only', () => {
    assert.deepEqual(topLevelRange('POST', '5-20', undefined), allRows);
    assert.deepEqual(topLevelRange('HEAD', '5-20', undefined), allRows);
  });

  it('may be none by limit=0', () => {
    assert.deepEqual(topLevelRange('GET', undefined, rangeOf('0', undefined)), noRows);
  });

  it('cannot be fewer than none', () => {
    assert.match(
      String(details(() => topLevelRange('GET', undefined, rangeOf('-1', undefined)))),
      /greater than or equal to zero/,
    );
  });

  it('cannot end before they start', () => {
    assert.match(
      String(details(() => topLevelRange('GET', '5-2', undefined))),
      /lower boundary must be lower/,
    );
  });

  it('cannot be limited for PUT', () => {
    assert.equal(
      details(() => topLevelRange('PUT', undefined, rangeOf('1', undefined))),
      'PGRST114',
    );
  });

  it('are never more than the server allows', () => {
    assert.deepEqual(capRange(2, { lower: 4, upper: 99 }), { lower: 4, upper: 5 });
    assert.deepEqual(capRange(2, noRows), noRows);
    assert.deepEqual(capRange(null, { lower: 4, upper: 99 }), { lower: 4, upper: 99 });
  });
});
