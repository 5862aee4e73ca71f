import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeJson, toJson } from './json.ts';

describe('JSON', () => {
  it('holds no character that a terminal takes for a command, and the value that was given', () => {
    const value = { 'a\u009b31m': 'b\u001b[31m\u007f\u0085c ü 日本' };
    for (const text of [
      toJson(value),
      toJson(value, 2).replaceAll('\n', ''),
      escapeJson(JSON.stringify(value)),
    ]) {
      assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f]/);
      assert.deepEqual(JSON.parse(text), value);
    }
  });
});
