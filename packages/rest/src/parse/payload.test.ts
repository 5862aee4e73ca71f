import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestError } from '../errors.ts';
import { scanJson } from './json.ts';
import type { MediaType } from './media.ts';
import { type Payload, parsePayload } from './payload.ts';

const json: MediaType = { kind: 'json' };
const textOf = (payload: Payload): string => (payload.kind === 'bytes' ? payload.bytes.toString() : '');
const refusal = (message: string) => (error: unknown) =>
  error instanceof RestError && error.code === 'PGRST102' && error.message === message;

describe('a JSON body', () => {
  it('goes on as it came, with its keys', () => {
    const body = Buffer.from(' [{"b":1.10, "a":[{"x":{}}]},\n {"a":null,"b":"\\u00e9"}] ');
    const payload = parsePayload(body, json, 'relation', null);
    assert.equal(payload.kind === 'bytes' && payload.bytes, body);
    assert.deepEqual(payload.columns, ['a', 'b']);
  });

  it('is refused when it is none', () => {
    for (const text of ['', '{', '[1,]', '{"a"}', '{"a":01}', '"\\ud800"', '{"a":1}{}', "{'a':1}", 'nul']) {
      assert.throws(
        () => parsePayload(Buffer.from(text), json, 'relation', null),
        refusal('Empty or invalid json'),
      );
    }
    assert.throws(
      () => parsePayload(Buffer.from([0x22, 0xff, 0x22]), json, 'relation', null),
      refusal('Empty or invalid json'),
    );
  });

  it('must have the same keys in every object', () => {
    for (const text of ['[{"a":1},{"b":1}]', '[{"a":1},{}]', '[{"a":1},2]', '[1]']) {
      assert.throws(
        () => parsePayload(Buffer.from(text), json, 'relation', null),
        refusal('All object keys must match'),
      );
    }
    assert.deepEqual(parsePayload(Buffer.from('[{"\\u0061":1},{"a":2}]'), json, 'relation', null).columns, [
      'a',
    ]);
  });

  it('counts as no rows when it is empty or a scalar', () => {
    for (const text of ['[]', '1', 'null', '"x"']) {
      const payload = parsePayload(Buffer.from(text), json, 'relation', null);
      assert.equal(textOf(payload), '[]');
      assert.deepEqual(payload.columns, []);
    }
  });

  it('is not looked at when the columns are named', () => {
    const body = Buffer.from('[{"a":1},{"b":1}]');
    assert.deepEqual(parsePayload(body, json, 'relation', ['b', 'a', 'b']), {
      kind: 'bytes',
      bytes: body,
      columns: ['a', 'b'],
    });
  });

  it('may be absent for a function', () => {
    const absent = Buffer.alloc(0);
    assert.deepEqual(parsePayload(absent, json, 'routine', null), {
      kind: 'bytes',
      bytes: absent,
      columns: [],
    });
  });

  it('may nest as deep as it is long', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    assert.deepEqual(scanJson(Buffer.from(deep)), { kind: 'rows', keys: ['a'] });
  });

  it('is judged as JSON.parse judges it, whatever is flipped in it', () => {
    const alphabet = '{}[]",:01-.eE+ tfn\\ua';
    const seeds = [
      '[{"a":1,"b":[1,{"c":[]}]},{"b":2,"a":3}]',
      '{"a":{"b":[true,false,null]}}',
      '-0.5e+3',
      '[[],[{}]]',
    ];
    let state = 42;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    for (let i = 0; i < 20_000; i++) {
      const text = [...seeds[i % seeds.length]!]
        .map(char => (random() < 0.1 ? alphabet[Math.floor(random() * alphabet.length)] : char))
        .join('');
      let isValid = true;
      try {
        JSON.parse(text);
      } catch {
        isValid = false;
      }
      assert.equal(scanJson(Buffer.from(text)) !== null, isValid, text);
    }
  });
});

describe('other bodies', () => {
  const rows = (text: string): unknown =>
    JSON.parse(textOf(parsePayload(Buffer.from(text), { kind: 'csv' }, 'relation', null)));

  it('turn CSV into rows of text, NULL apart', () => {
    assert.deepEqual(rows('id,name\r\n1,"a ""b"", c\nd"\n\n2,NULL\n'), [
      { id: '1', name: 'a "b", c\nd' },
      { id: '2', name: null },
    ]);
  });

  it('refuse CSV lines of other columns than the first, and quotes that never close', () => {
    assert.throws(() => rows('a,b\n1,2\n3'), refusal('All lines must have same number of fields'));
    assert.deepEqual(rows('a,b\n1\n2'), [{ a: '1' }, { a: '2' }]);
    assert.throws(() => rows('a\n"x'), RestError);
  });

  it('refuse a CSV header whose line does not end', () => {
    for (const text of ['', 'a', 'a,b']) {
      assert.throws(() => rows(text), refusal('parse error (not enough input) at ""'));
    }
    assert.deepEqual(rows('a\n'), []);
  });

  it('show the CSV that cannot be read byte by byte, and of more than a hundred the first', () => {
    assert.throws(
      () => rows('a\né"1é\x002'),
      refusal('parse error (Failed reading: satisfy) at "\\"1\\195\\169\\NUL2"'),
    );
    assert.throws(
      () => rows(`a\nx"${'y'.repeat(100)}`),
      refusal(`parse error (Failed reading: satisfy) at "${'y'.repeat(99)} (truncated)`),
    );
  });

  it('turn a form into a row, or into arguments', () => {
    const body = Buffer.from('name=J%C3%BCrgen+K&id=1');
    const form: MediaType = { kind: 'form' };
    assert.equal(textOf(parsePayload(body, form, 'relation', null)), '{"name":"Jürgen K","id":"1"}');
    assert.deepEqual(parsePayload(body, form, 'routine', null), {
      kind: 'form',
      params: [
        ['name', 'Jürgen K'],
        ['id', '1'],
      ],
      columns: ['id', 'name'],
    });
    const unescaped = Buffer.from('name=Jürgen');
    assert.equal(textOf(parsePayload(unescaped, form, 'relation', null)), '{"name":"Jürgen"}');
    const separated = Buffer.from('a=1;b=2&c');
    assert.equal(textOf(parsePayload(separated, form, 'relation', null)), '{"a":"1","b":"2","c":""}');
  });

  it('are a function’s one argument as text, XML or bytes, and nothing for a table', () => {
    const body = Buffer.from([1, 2, 3]);
    assert.deepEqual(parsePayload(body, { kind: 'octets' }, 'routine', null), {
      kind: 'bytes',
      bytes: body,
      columns: [],
    });
    assert.throws(
      () => parsePayload(body, { kind: 'octets' }, 'relation', null),
      refusal('Content-Type not acceptable: application/octet-stream'),
    );
  });
});
