import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '@peakstone/kernel/http';
import { makeRoutine } from '../test/support/catalog.ts';
import { films } from '../test/support/films.ts';
import { jsonType } from './parse/media.ts';
import type { Preferences } from './parse/prefer.ts';
import { allRows } from './parse/range.ts';
import { withETag } from './respond/etag.ts';
import type { ResultRow } from './respond/result.ts';
import {
  type MutateContext,
  respondCall,
  respondInfo,
  respondMutate,
  respondRead,
  withVary,
} from './respond.ts';

const result: ResultRow = {
  total: null,
  rows: 3,
  body: Buffer.from('[1,2,3]'),
  headers: null,
  status: null,
  location: null,
  inserted: null,
};
const none: Preferences = { invalid: [] };
const base = {
  method: 'GET',
  schema: 'api',
  negotiatedByProfile: false,
  preferences: none,
  mediaType: jsonType,
  verbosity: 'verbose',
} as const;
const reading = { ...base, range: allRows, location: '/films', headersOnly: false };
const writing: MutateContext = {
  ...base,
  method: 'POST',
  mutation: 'insert',
  table: 'films',
  hasConflictTarget: true,
};

const header = ({ headers }: HttpResponse, name: string): string | undefined =>
  headers[headers.indexOf(name) + 1];
const has = ({ headers }: HttpResponse, name: string): boolean => headers.includes(name);

describe('answering a read', () => {
  it('says which rows these are', () => {
    const response = respondRead(result, reading);
    assert.equal(response.status, 200);
    assert.equal(header(response, 'Content-Range'), '0-2/*');
    assert.equal(response.body, result.body);
  });

  it('is partial when there are more rows', () => {
    const response = respondRead({ ...result, total: 10 }, { ...reading, range: { lower: 5, upper: 7 } });
    assert.equal(response.status, 206);
    assert.equal(header(response, 'Content-Range'), '5-7/10');
  });

  it('has no rows to number when there are none', () => {
    const response = respondRead({ ...result, rows: 0, total: 0 }, reading);
    assert.equal(header(response, 'Content-Range'), '*/0');
  });

  it('says of a range that starts past the end that it does, with the headers of an answer', () => {
    const response = respondRead(
      { ...result, rows: 0, total: 3 },
      { ...reading, range: { lower: 9, upper: 12 } },
    );
    assert.equal(response.status, 416);
    assert.match(String(response.body), /An offset of 9 was requested, but there are only 3 rows\./);
    assert.equal(header(response, 'Content-Range'), '*/3');
    assert.equal(header(response, 'Content-Location'), '/films');
  });

  it('has no body for HEAD', () => {
    assert.equal(respondRead(result, { ...reading, headersOnly: true }).body, null);
  });

  it('names the schema that was negotiated, in bytes', () => {
    const response = respondRead(result, { ...reading, negotiatedByProfile: true, schema: 'تست' });
    assert.equal(header(response, 'Content-Profile'), Buffer.from('تست').toString('latin1'));
  });

  it('lets the database set status and headers', () => {
    const own = {
      ...result,
      status: '418',
      headers: '[{"content-range":"none"},{"Set-Cookie":"a"},{"Set-Cookie":"b"}]',
    };
    const response = respondRead(own, reading);
    assert.equal(response.status, 418);
    assert.equal(respondRead({ ...result, status: '700' }, reading).status, 700);
    assert.ok(!has(response, 'Content-Range'));
    assert.deepEqual(response.headers.slice(-6), [
      'content-range',
      'none',
      'Set-Cookie',
      'a',
      'Set-Cookie',
      'b',
    ]);
  });

  it('refuses settings of the database that make no response', () => {
    for (const headers of ['{"a":"b"}', '[{"a":1}]', '[{"a":"b","c":"d"}]', 'x', '[{"a":"b\\r\\nc: d"}]']) {
      assert.throws(() => respondRead({ ...result, headers }, reading), { code: 'PGRST111' }, headers);
    }
    for (const status of ['nope', '99', '1000']) {
      assert.throws(() => respondRead({ ...result, status }, reading), { code: 'PGRST112' }, status);
    }
  });

  it('adds Vary unless the database did', () => {
    assert.equal(header(withVary(respondRead(result, reading)), 'Vary'), 'Accept, Prefer, Range');
    const own = respondRead({ ...result, headers: '[{"vary":"*"}]' }, reading);
    assert.equal(withVary(own), own);
  });

  it('tells a client that it has the body already', () => {
    const first = withETag(respondRead(result, reading), undefined);
    const tag = header(first, 'ETag');
    const again = withETag(respondRead(result, reading), `W/"x", ${tag}`);
    assert.equal(again.status, 304);
    assert.equal(again.body, null);
    assert.equal(withETag(respondRead(result, reading), '"x"').status, 200);
  });
});

describe('answering a write', () => {
  it('says where a row was made', () => {
    const location = [
      ['id', '1'],
      ['name', 'a b'],
      ['none', null],
    ] as const;
    const response = respondMutate({ ...result, location }, writing);
    assert.equal(response.status, 201);
    assert.equal(header(response, 'Location'), '/films?id=eq.1&name=eq.a%20b&none=is.null');
  });

  it('tells an upsert that inserted from one that only updated', () => {
    const preferences: Preferences = { resolution: 'merge-duplicates', invalid: [] };
    const context = { ...writing, preferences };
    assert.equal(respondMutate({ ...result, inserted: 1 }, context).status, 201);
    assert.equal(respondMutate({ ...result, inserted: 0 }, context).status, 200);
    assert.equal(header(respondMutate(result, context), 'Preference-Applied'), 'resolution=merge-duplicates');
  });

  it('does not claim to have resolved duplicates where there was no key', () => {
    const preferences: Preferences = { resolution: 'merge-duplicates', invalid: [] };
    assert.ok(
      !has(
        respondMutate(result, { ...writing, preferences, hasConflictTarget: false }),
        'Preference-Applied',
      ),
    );
  });

  it('has a body only when rows were asked for', () => {
    const preferences: Preferences = { return: 'representation', invalid: [] };
    for (const mutation of ['update', 'delete', 'upsert'] as const) {
      assert.equal(respondMutate(result, { ...writing, mutation }).status, 204);
      assert.equal(respondMutate(result, { ...writing, mutation }).body, null);
      assert.equal(respondMutate(result, { ...writing, mutation, preferences }).status, 200);
      assert.equal(respondMutate(result, { ...writing, mutation, preferences }).body, result.body);
    }
  });

  it('counts rows in Content-Range when asked', () => {
    const preferences: Preferences = { count: 'exact', invalid: [] };
    assert.equal(
      header(respondMutate(result, { ...writing, mutation: 'update', preferences }), 'Content-Range'),
      '0-2/3',
    );
    assert.equal(
      header(respondMutate(result, { ...writing, mutation: 'delete', preferences }), 'Content-Range'),
      '*/3',
    );
  });
});

describe('answering a call', () => {
  it('has nothing to say for void', () => {
    const returns = {
      setof: false,
      kind: 'void',
      type: { schema: 'pg_catalog', name: 'void' },
      typeText: 'void',
    } as const;
    const response = respondCall(result, makeRoutine('f', '', { returns }), { ...base, range: allRows });
    assert.equal(response.status, 204);
    assert.equal(response.body, null);
  });
});

describe('answering OPTIONS', () => {
  it('lists what the resource takes', () => {
    const allow = (response: HttpResponse) => header(response, 'Allow');
    assert.equal(allow(respondInfo({ kind: 'schema' }, 'api', films, null)), 'OPTIONS,GET,HEAD');
    assert.equal(
      allow(respondInfo({ kind: 'relation', name: 'films' }, 'api', films, null)),
      'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE',
    );
    assert.equal(
      allow(respondInfo({ kind: 'relation', name: 'log' }, 'api', films, null)),
      'OPTIONS,GET,HEAD,POST,PATCH,DELETE',
    );
    const volatile = makeRoutine('f', '', { volatility: 'volatile' });
    assert.equal(allow(respondInfo({ kind: 'routine', name: 'f' }, 'api', films, volatile)), 'OPTIONS,POST');
  });
});
