import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { parseJson } from './json.ts';
import { parseJsonSlices, stringifyJsonSlices } from './jsonSlices.ts';

const many = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const read = (text: string): unknown => runWhole(parseJsonSlices(Buffer.from(text)));

const large: Readonly<Record<string, unknown>> = {
  'a list of numbers': many(20_000, i => i),
  'a list of lists that are large themselves': many(5, i => many(8000, j => i * j)),
  'an object of many members': Object.fromEntries(many(5000, i => [`name ${i}`, { value: [i, null, true] }])),
  'large parts between small ones': [1, 'x'.repeat(50_000), { a: 2, b: many(9000, i => i), c: 3 }, [], {}],
  'a name that is long itself': { ['n'.repeat(40_000)]: many(9000, i => i), b: { ['m'.repeat(40_000)]: 1 } },
  'a name that prototypes have': JSON.parse(`{"__proto__": ${JSON.stringify(many(9000, i => i))}, "x": 1}`),
  'characters of several bytes': many(3000, i => `é€😀${i}`),
  'a text of characters of several bytes': 'aé€😀'.repeat(20_000),
  'a text of escapes': '\\"\n\u0001\ud83d'.repeat(20_000),
  'brackets and commas in texts': many(5000, i => `[{",${i}]}`),
  'something nested deeply': many(300, i => i).reduce<unknown>(
    (inner, i) => [i, inner, 'x'.repeat(100)],
    null,
  ),
};

describe('JSON in slices', () => {
  for (const [title, value] of Object.entries(large))
    it(`reads ${title} as the parser of the runtime does`, () => {
      for (const text of [JSON.stringify(value), ` ${JSON.stringify(value, null, 2)}\n`])
        assert.deepEqual(read(text), JSON.parse(text));
    });

  it('gives others their turn all the while', () => {
    const work = parseJsonSlices(Buffer.from(JSON.stringify(large)));
    let turns = 0;
    while (!work.next().done) turns++;
    assert.ok(turns > 50, `${turns} turns`);
  });

  it('keeps every digit of a number', () => {
    const text = `[${many(3000, i => `12345678901234567890.${i}0`).join(',')}]`;
    assert.equal(JSON.stringify(read(text)), text);
    assert.deepEqual(read(text), parseJson(text));
  });

  it('refuses what is no JSON wherever the fault lies', () => {
    const filler = JSON.stringify(many(9000, i => i));
    for (const text of [
      `[${filler}`,
      `[${filler},]`,
      `[,${filler}]`,
      `[${filler},,1]`,
      `[1 ${filler}]`,
      `[${filler} 1]`,
      `[${filler}}`,
      `{"a" ${filler}}`,
      `{"a": ${filler}, }`,
      `{${filler}}`,
      `{"a": 1 ${filler}}`,
      `{1: ${filler}}`,
      `{"a":: ${filler}}`,
      `${filler} 1`,
      `${filler},${filler}`,
      `"${'x'.repeat(40_000)}`,
      `["${'x'.repeat(40_000)}\n"]`,
      `["${'x'.repeat(40_000)}\\q"]`,
      ']'.repeat(40_000),
      '[1,'.repeat(20_000),
      'x'.repeat(40_000),
    ]) {
      assert.throws(() => JSON.parse(text), SyntaxError);
      assert.throws(() => read(text), SyntaxError, text.slice(0, 40));
    }
  });

  it('reads whatever is cut out of a text of escapes', () => {
    // Each way in which a piece may end within one.
    for (let shift = 0; shift < 24; shift++) {
      const value = ['x'.repeat(shift) + '\\\\"é\u2028\u0007'.repeat(9000)];
      const text = JSON.stringify(value).replaceAll('é', '\\u00e9').replaceAll('\u2028', '\\u2028');
      assert.deepEqual(read(text), value);
    }
  });

  for (const [title, value] of Object.entries(large))
    it(`writes ${title} as the runtime does`, () => {
      assert.equal(runWhole(stringifyJsonSlices(value)), JSON.stringify(value));
    });

  it('writes what is small in one go', () => {
    for (const value of [null, true, 1.5, 'a', [], {}, [1, { a: [] }]])
      assert.equal(runWhole(stringifyJsonSlices(value)), JSON.stringify(value));
  });
});
