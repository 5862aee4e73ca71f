import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dataFor, printable, printableLine } from './printable.ts';

describe('text that others wrote', () => {
  it('moves no cursor, sets no colour or title, and keeps its lines', () => {
    assert.equal(printable('a\u001b]0;title\u0007b\u001b[31m'), 'a\\x1b]0;title\\x07b\\x1b[31m');
    assert.equal(printable('one\r\ntwo\rthree\tfour'), 'one\ntwo\\x0dthree    four');
    assert.equal(printable('\u009b31m ünïcode 日本'), '\\x9b31m ünïcode 日本');
  });

  it('stays in its line where it is part of one', () => {
    assert.equal(printableLine('films\nerror: none\r\n\u001b[2J'), 'films\\x0aerror: none\\x0a\\x1b[2J');
  });

  it('is data byte for byte in a pipe, and on a terminal the same but for what would drive it', () => {
    const data = 'a\tb\r\n\u001b[31m\u009b31m\rü';
    assert.equal(dataFor({ isTTY: true }, data), 'a\tb\r\n\\x1b[31m\\x9b31m\\x0dü');
    assert.equal(dataFor({ isTTY: true }, Buffer.from(data)), dataFor({ isTTY: true }, data));
    const bytes = Buffer.from([0xff, 0x1b]);
    assert.equal(dataFor({}, bytes), bytes);
  });
});
