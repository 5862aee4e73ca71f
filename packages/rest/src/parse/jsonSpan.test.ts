import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { type JsonSpan, readJson } from './jsonSpan.ts';

const read = (text: string): JsonSpan | null => runWhole(readJson(Buffer.from(text)));
const spans = (text: string): JsonSpan => {
  const span = read(text);
  assert.ok(span, text);
  return span;
};

/** The same value, built through spans alone. */
function build(span: JsonSpan): unknown {
  switch (span.kind) {
    case 'list':
      return runWhole(span.elements()).map(build);
    case 'object':
      return Object.fromEntries([...runWhole(span.members())].map(([name, value]) => [name, build(value)]));
    case 'text':
      return span.text();
    case 'null':
      return null;
    case 'other':
      return JSON.parse(span.bytes.toString());
  }
}

describe('JSON read where it stands', () => {
  it('says what JSON.parse says', () => {
    const texts = [
      ' [ ] ',
      '{ }',
      '[1, -2.5e3 ,true,false,null]',
      '{"a" : {"b":[{},[],""]} , "c":"}]\\"{,:" }',
      '{"\\u0061":1,"a":2,"__proto__":3}',
      '"\\ud83d\\ude00 é"',
      ' [["\\\\"],"\\\\\\"",[[1],[2,[3]]]]\n',
    ];
    for (const text of texts) assert.deepEqual(build(spans(text)), JSON.parse(text), text);
  });

  it('keeps the bytes of a value, numbers that JavaScript would round among them', () => {
    const [number, object] = runWhole(spans('[ 12345678901234567890.10 ,{"a": 1e400} ]').elements());
    assert.equal(number?.bytes.toString(), '12345678901234567890.10');
    assert.equal(object?.bytes.toString(), '{"a": 1e400}');
  });

  it('says of text that is none, or too deep, that it is none', () => {
    for (const text of ['', '{', 'nope', '1 2', '[1,]', '['.repeat(200_000)]) assert.equal(read(text), null);
  });

  it('is taken apart in slices', () => {
    const text = `[${Array.from({ length: 50_000 }, (_, i) => `"${i}\\""`).join(',')}]`;
    const work = spans(text).elements();
    let turns = 0;
    let step = work.next();
    for (; !step.done; step = work.next()) turns++;
    assert.equal(step.value.length, 50_000);
    assert.equal(step.value.at(-1)?.text(), '49999"');
    assert.ok(turns >= Math.floor(text.length / 65_536), `${turns} turns`);
  });
});
