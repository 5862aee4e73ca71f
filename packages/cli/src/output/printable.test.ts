import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printable } from './printable.ts';

describe('text that others wrote', () => {
  it('moves no cursor, sets no colour or title, and keeps its lines', () => {
    assert.equal(printable('a\u001b]0;title\u0007b\u001b[31m'), 'a\\x1b]0;title\\x07b\\x1b[31m');
    assert.equal(printable('one\r\ntwo\rthree\tfour'), 'one\ntwo\\x0dthree    four');
    assert.equal(printable('\u009b31m ünïcode 日本'), '\\x9b31m ünïcode 日本');
  });
});
