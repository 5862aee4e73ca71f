import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBatch } from './batchItems.ts';
import { renderBatch } from './batchResponse.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { isJsonObject, type JsonObject, parseExact } from './json.ts';
import { allowingQuery } from './queryMethod.ts';

describe('a cursor', () => {
  it('gives back what was put in, for the order it was made for', () => {
    const values = ['5', null, 'Ä"\\ \u2028', ''];
    const cursor = encodeCursor(JSON.stringify(values), 'order');
    assert.match(cursor, /^[\w-]+$/);
    assert.deepEqual(decodeCursor(cursor, 'order'), values);
    assert.throws(() => decodeCursor(cursor, 'other'), { code: 'PEAK100', status: 400 });
  });

  it('is refused with any character changed, dropped or added', () => {
    const cursor = encodeCursor('["5","x"]', 'order');
    for (let i = 0; i < cursor.length - 1; i++) {
      const other = cursor[i] === 'A' ? 'B' : 'A';
      for (const changed of [
        cursor.slice(0, i) + other + cursor.slice(i + 1),
        cursor.slice(0, i) + cursor.slice(i + 1),
      ]) {
        assert.throws(() => decodeCursor(changed, 'order'), { code: 'PEAK100' }, changed);
      }
    }
    for (const text of ['', ' ', 'a b', `${cursor}=`, '%', 'A'.repeat(10_000)]) {
      assert.throws(() => decodeCursor(text, 'order'), { code: 'PEAK100' });
    }
  });

  it('holds nothing but texts, whoever has made it', () => {
    for (const json of ['{}', '[1]', '[{}]', '[["x"]]', '"x"', '[', '']) {
      assert.throws(() => decodeCursor(encodeCursor(json, 'order'), 'order'), { code: 'PEAK100' }, json);
    }
  });
});

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

describe('the requests of a batch', () => {
  const read = (items: unknown, headers: Record<string, string> = {}) =>
    readBatch(Buffer.from(JSON.stringify(items)), headers, 3);

  it('take over the headers that speak of who asks, and not those of the batch itself', () => {
    const outer = {
      'x-tenant': 'a',
      authorization: 'Bearer x',
      accept: 'x',
      prefer: 'tx=rollback',
      'content-type': 'application/json',
    };
    const [plain, own] = read(
      [{ path: '/a?b=c d' }, { path: '/a', headers: { Prefer: 'count=exact', 'X-Tenant': 'ß' } }],
      outer,
    );
    assert.deepEqual(plain, {
      method: 'GET',
      path: '/a',
      query: 'b=c%20d',
      headers: { 'x-tenant': 'a', authorization: 'Bearer x' },
      body: Buffer.alloc(0),
    });
    assert.deepEqual(own?.headers, { 'x-tenant': 'Ã\x9f', authorization: 'Bearer x', prefer: 'count=exact' });
  });

  it('keep their bodies as they are', () => {
    const bodies = read([
      { path: '/a', body: [{ a: 1 }] },
      { path: '/a', body: 'a,b\n1,2' },
      { path: '/a', body: null },
    ]);
    assert.deepEqual(
      bodies.map(({ body }) => body.toString()),
      ['[{"a":1}]', 'a,b\n1,2', 'null'],
    );
  });

  it('are as many as the setting allows', () => {
    assert.throws(() => read([1, 2, 3, 4]), { code: 'PEAK121', status: 400 });
  });
});

describe('the answers of a batch', () => {
  const render = (status: number, headers: readonly string[], body: string | Buffer | null): unknown =>
    (JSON.parse(Buffer.concat(renderBatch([{ status, headers, body }])).toString()) as unknown[])[0];

  it('hold JSON as JSON, text as text and other bytes in base64', () => {
    const json = ['Content-Type', 'application/json; charset=utf-8'];
    assert.deepEqual(render(200, json, '[{"a":1}]'), {
      status: 200,
      headers: { 'content-type': json[1] },
      body: [{ a: 1 }],
    });
    assert.deepEqual(render(200, json, 'no json'), {
      status: 200,
      headers: { 'content-type': json[1] },
      body: 'no json',
    });
    assert.deepEqual(render(200, ['Content-Type', 'text/csv'], 'a\n1'), {
      status: 200,
      headers: { 'content-type': 'text/csv' },
      body: 'a\n1',
    });
    assert.deepEqual(render(200, [], Buffer.from([0xff, 0])), {
      status: 200,
      headers: {},
      body: '/wA=',
      encoding: 'base64',
    });
    assert.deepEqual(render(204, ['A', '1', 'a', '2'], null), {
      status: 204,
      headers: { a: '1, 2' },
      body: null,
    });
  });
});

describe('what OPTIONS says of QUERY', () => {
  it('names it beside GET, and nowhere else', () => {
    const of = (allow: string) =>
      allowingQuery({ status: 200, headers: ['X', 'GET,HEAD', 'Allow', allow], body: '' }).headers;
    assert.deepEqual(of('OPTIONS,GET,HEAD,POST').slice(0, 4), [
      'X',
      'GET,HEAD',
      'Allow',
      'OPTIONS,GET,HEAD,QUERY,POST',
    ]);
    assert.equal(of('OPTIONS,POST')[3], 'OPTIONS,POST');
  });
});
