import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runWhole } from '@peakstone/kernel/pace';
import { RestError } from '../errors.ts';
import type { MediaType } from './media.ts';
import { maxJsonDepth, scanJson } from './payload/json.ts';
import type { Hold } from './payload/jsonText.ts';
import { type Payload, parsePayload as parseInSlices } from './payload.ts';

const parsePayload = (
  body: Buffer,
  contentType: MediaType,
  target: 'relation' | 'routine',
  columns: readonly string[] | null,
  hold: Hold = () => {},
): Payload => runWhole(parseInSlices(body, contentType, target, columns, hold));
const scan = (text: string) => runWhole(scanJson(Buffer.from(text)));

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

  it('may nest deeper than PostgreSQL follows, and is refused where it would take too much memory', () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    assert.deepEqual(scan(nested(maxJsonDepth - 1)), { kind: 'rows', keys: ['a'] });
    assert.deepEqual(scan(nested(maxJsonDepth)), { kind: 'deep' });
    // Wherever the body would have gone on: what comes after is not looked at.
    assert.throws(
      () => parsePayload(Buffer.from('['.repeat(10_000_000)), json, 'relation', null),
      (error: unknown) => error instanceof RestError && error.code === 'PGRST102' && error.status === 400,
    );
  });

  it('is read alike wherever a slice ends', () => {
    const unit = '{"k\\u00e9y":"\\ud83d\\ude00 é😀","n":-1.5e+3,"l":[true,{"n":null}]}';
    for (let padding = 0; padding < 70; padding++) {
      const text = `[${' '.repeat(65_536 - padding)}${unit},${unit}]`;
      assert.deepEqual(scan(text), { kind: 'rows', keys: ['kéy', 'l', 'n'] }, String(padding));
      assert.equal(scan(text.replace('\\ude00', '')).kind, 'invalid', String(padding));
    }
    const cut = Buffer.from(`"${'a'.repeat(65_534)}é"`);
    assert.equal(runWhole(scanJson(cut)).kind, 'empty');
    cut[65_536] = 0x61;
    assert.equal(runWhole(scanJson(cut)).kind, 'invalid');
  });

  it('with more keys than any table has columns names enough of them to be refused, and hides none', () => {
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i])));
    const { columns } = parsePayload(Buffer.from(many), json, 'relation', null);
    assert.equal(columns.length, 4096);
    const repeated = `[{${'"a":1,'.repeat(10_000)}"b":2},{"b":1,"a":2}]`;
    assert.deepEqual(scan(repeated), { kind: 'rows', keys: ['a', 'b'] });
    assert.deepEqual(scan(repeated.replace('"b":1,', '')), { kind: 'mixed' });
    assert.equal(scan(`{"${'x'.repeat(100_000)}":1}`).kind, 'rows');
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
      assert.equal(scan(text).kind !== 'invalid', isValid, text);
    }
  });
});

describe('other bodies', () => {
  /** Rows under the names of their columns, whatever keys they travel by. */
  const rows = (text: string): unknown => {
    const payload = parsePayload(Buffer.from(text), { kind: 'csv' }, 'relation', null);
    const keys = payload.kind === 'bytes' ? [...(payload.keys ?? [])] : [];
    return (JSON.parse(textOf(payload)) as Record<string, string | null>[]).map(row =>
      Object.fromEntries(keys.map(([name, key]) => [name, row[key]])),
    );
  };

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

  it('read CSV alike wherever a slice ends', () => {
    for (let padding = 0; padding < 70; padding++) {
      const filler = 'x'.repeat(65_536 - padding);
      const text = `a,b\n${filler},"q ""u"" é\r\n"\r\nNULL,"NULL"\r\n\r\nNULLX,"N""ULL"\n`;
      assert.deepEqual(
        rows(text),
        [
          { a: filler, b: 'q "u" é\r\n' },
          { a: null, b: null },
          { a: 'NULLX', b: 'N"ULL' },
        ],
        String(padding),
      );
    }
    assert.deepEqual(rows('a,a,b\n1,2,'), [{ a: '2', b: '' }]);
    assert.deepEqual(rows('a\n""'), [{ a: '' }]);
    assert.deepEqual(rows('a,b\n,'), [{ a: '', b: '' }]);
    assert.deepEqual(rows('a\n1,2\n3'), [{ a: '1' }, { a: '3' }]);
    assert.throws(
      () => parsePayload(Buffer.from('a\n\xff', 'latin1'), { kind: 'csv' }, 'relation', null),
      refusal('The CSV is not UTF-8'),
    );
  });

  it('refuse a CSV header that no table can have', () => {
    assert.throws(() => rows(`${'a,'.repeat(5000)}b\n1`), refusal('A CSV header has at most 4096 columns'));
    assert.throws(() => rows(`${'a'.repeat(300_000)}\n1`), refusal('A CSV header has at most 262144 bytes'));
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
    const odd = Buffer.from('a=1&a=%22%&b=%C3%A9=+%2&');
    assert.equal(textOf(parsePayload(odd, form, 'relation', null)), '{"a":"\\"%","b":"é= %2"}');
    assert.equal(textOf(parsePayload(Buffer.alloc(0), form, 'relation', null)), '{}');
    assert.throws(
      () => parsePayload(Buffer.from('a=%FF'), form, 'routine', null),
      refusal('The form is not UTF-8'),
    );
    assert.throws(
      () => parsePayload(Buffer.from('a&'.repeat(70_000)), form, 'relation', null),
      refusal('A form has at most 65536 fields'),
    );
  });

  it('are a function’s one argument as text, XML or bytes, and nothing for a table', () => {
    const body = Buffer.from([1, 2, 255]);
    assert.deepEqual(parsePayload(body, { kind: 'text' }, 'routine', null), {
      kind: 'bytes',
      bytes: body,
      columns: [],
    });
    assert.equal(textOf(parsePayload(body, { kind: 'octets' }, 'routine', null)), '\\x0102ff');
    assert.throws(
      () => parsePayload(body, { kind: 'octets' }, 'relation', null),
      refusal('Content-Type not acceptable: application/octet-stream'),
    );
  });
});

describe('what is made of a body', () => {
  const csv: MediaType = { kind: 'csv' };
  const form: MediaType = { kind: 'form' };
  const bodies: readonly (readonly [string, string, MediaType, 'relation' | 'routine'])[] = [
    ['CSV', `a,b\n${'1,2\n'.repeat(20_000)}`, csv, 'relation'],
    ['a form', `a=${'%41'.repeat(20_000)}`, form, 'relation'],
    ['a form for a function', `a=${'%41'.repeat(20_000)}`, form, 'routine'],
    ['bytes', 'x'.repeat(20_000), { kind: 'octets' }, 'routine'],
  ];
  for (const [name, text, type, target] of bodies) {
    it(`is counted before it takes memory, and not made where there is none: ${name}`, () => {
      let held = 0;
      const payload = parsePayload(Buffer.from(text), type, target, null, bytes => {
        held += bytes;
      });
      const made = payload.kind === 'bytes' ? payload.bytes.length : (payload.params[0]?.[1].length ?? 0);
      assert.ok(held >= made && made > 19_000, `${held} held for ${made}`);
      const full = new Error('full');
      const refuse = (): never => {
        throw full;
      };
      assert.throws(() => parsePayload(Buffer.from(text), type, target, null, refuse), full);
    });
  }

  it('costs nothing beside the body where the body itself is handed on', () => {
    const refuse = (): never => assert.fail('Nothing is to be held');
    parsePayload(Buffer.from('[{"a":1}]'), json, 'relation', null, refuse);
  });
});
