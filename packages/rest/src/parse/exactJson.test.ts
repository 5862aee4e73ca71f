import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject, type JsonObject, parseExact } from './exactJson.ts';

describe('exact JSON', () => {
  it('keeps the text of numbers that JavaScript would round', () => {
    const text = '{"a":12345678901234567890,"b":[1.10,-0,1e400],"c":1}';
    assert.equal(JSON.stringify(parseExact(text)), text);
    const parsed = parseExact(text);
    assert.ok(isJsonObject(parsed));
    assert.ok(!isJsonObject((parsed as JsonObject).a) && !isJsonObject([]) && !isJsonObject(null));
  });

  it('says of text that is none, or too deep, that it is none', () => {
    for (const text of ['', '{', 'nope', '1 2', '['.repeat(200_000)])
      assert.equal(parseExact(text), undefined);
  });
});
