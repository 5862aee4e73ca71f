import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Library, startLibrary } from './library.ts';

describe('reading a table', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary();
  });
  after(() => library.close());

  const ids = async (query: string): Promise<unknown> => {
    const answer = await library.get(`/films?select=id&order=id&${query}`);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json as { id: number }[]).map(row => row.id);
  };

  it('gives what PostgreSQL made of the rows, byte for byte', async () => {
    const { text, headers } = await library.get('/films?select=id,details->length&id=in.(1,2)');
    assert.equal(text, '[{"id":1,"length":90}, \n {"id":2,"length":143}]');
    assert.equal(headers['content-range'], '0-1/*');
    assert.equal(headers['content-location'], '/films?id=in.%281%2C2%29&select=id%2Cdetails-%3Elength');
  });

  it('filters by every kind of operator', async () => {
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ['id=eq.1', [1]],
      ['id=neq.1', [2, 3, 4]],
      ['year=gte.1962', [1, 3]],
      ['year=lt.1962', [2]],
      ['title=like.*r*', [1, 2]],
      ['title=ilike.R*', [3]],
      ['title=match.^[IR]', [2, 3]],
      ['title=imatch.^r', [3]],
      ['title=like(any).{I*,R*}', [2, 3]],
      ['title=like(all).{*r*,C*}', [1]],
      ['year=is.null', [4]],
      ['year=is.not_null', [1, 2, 3]],
      ['year=not.is.null', [1, 2, 3]],
      ['year=isdistinct.1952', [1, 3, 4]],
      ['title=in.("Cléo from 5 to 7",Ran)', [1, 3]],
      ['id=not.in.(1,2)', [3, 4]],
      ['id=in.()', []],
      ['details=cs.{"length":90}', [1]],
      ['details->tags=cs.["tokyo"]', [2]],
      ['details->>length=eq.162', [3]],
      ['title=fts(simple).ikiru', [2]],
      ['title=not.plfts(simple).ran', [1, 2, 4]],
      ['or=(id.eq.1,and(year.gt.1950,year.lt.1960))', [1, 2]],
      ['not.or=(id.eq.1,title.in.("Ran","Lost"))', [2]],
      ['and=(id.gt.1,not.or(id.eq.2,id.eq.3))', [4]],
      ['decade=eq.1960', [1]],
    ];
    for (const [query, expected] of cases) assert.deepEqual(await ids(query), expected, query);
  });

  it('orders by columns, json paths and computed fields', async () => {
    const order = async (order: string) =>
      ((await library.get(`/films?select=id&order=${order}`)).json as { id: number }[]).map(row => row.id);
    assert.deepEqual(await order('year.desc.nullslast,id'), [3, 1, 2, 4]);
    assert.deepEqual(await order('details->length.desc.nullslast'), [3, 2, 1, 4]);
    assert.deepEqual(await order('decade.nullsfirst'), [4, 2, 1, 3]);
  });

  it('pages by query or by header and counts on demand', async () => {
    const byQuery = await library.get('/films?select=id&order=id&limit=2&offset=1', {
      prefer: 'count=exact',
    });
    assert.equal(byQuery.status, 206);
    assert.deepEqual(byQuery.json, [{ id: 2 }, { id: 3 }]);
    assert.equal(byQuery.headers['content-range'], '1-2/4');
    assert.equal(byQuery.headers['preference-applied'], 'count=exact');
    const byHeader = await library.get('/films?select=id&order=id', { range: '3-9', prefer: 'count=exact' });
    assert.equal(byHeader.headers['content-range'], '3-3/4');
    const planned = await library.get('/films?limit=1', { prefer: 'count=planned' });
    assert.match(planned.headers['content-range'] ?? '', /^0-0\/\d+$/);
    const past = await library.get('/films?offset=9', { prefer: 'count=exact' });
    assert.equal(past.status, 416);
    assert.equal((past.json as { code: string }).code, 'PGRST103');
    // No refusal, but an answer about the range: its headers are those of a read.
    assert.equal(past.headers['content-range'], '*/4');
    assert.equal(past.headers['content-location'], '/films?offset=9');
    assert.equal(past.headers['preference-applied'], 'count=exact');
    assert.equal(past.headers['proxy-status'], undefined);
  });

  it('answers HEAD with the headers alone', async () => {
    const { status, text, headers } = await library.send('HEAD', '/films', undefined, {
      prefer: 'count=exact',
    });
    assert.equal(status, 200);
    assert.equal(text, '');
    assert.equal(headers['content-range'], '0-3/4');
  });

  it('gives one object, CSV, or rows without their nulls', async () => {
    const object = 'application/vnd.pgrst.object+json';
    assert.equal((await library.get('/films?select=id&id=eq.1', { accept: object })).text, '{"id":1}');
    const several = await library.get('/films?select=id', { accept: object });
    assert.equal(several.status, 406);
    assert.equal((several.json as { details: string }).details, 'The result contains 4 rows');
    const csv = await library.get('/films?select=id,title&id=lt.3&order=id', { accept: 'text/csv' });
    assert.equal(csv.text, 'id,title\n1,"Cléo from 5 to 7"\n2,Ikiru');
    const stripped = 'application/vnd.pgrst.array+json;nulls=stripped';
    assert.equal(
      (await library.get('/films?select=id,year&id=eq.4', { accept: stripped })).text,
      '[{"id":4}]',
    );
    assert.equal((await library.get('/films', { accept: 'image/gif' })).status, 406);
  });

  it('shows and reads domains by their representations', async () => {
    assert.deepEqual((await library.get('/films?id=eq.1&select=poster')).json, [{ poster: '#ff0000' }]);
    assert.deepEqual((await library.get('/films?poster=eq.%230000ff&select=id')).json, [{ id: 2 }]);
    assert.deepEqual((await library.get('/films?poster=in.(%230000ff,%23ff0000)&select=id&order=id')).json, [
      { id: 1 },
      { id: 2 },
    ]);
    const [film] = (await library.get('/films?id=eq.2')).json as { poster: string; title: string }[];
    assert.equal(film?.poster, '#0000ff');
    assert.equal(film?.title, 'Ikiru');
  });

  it('keeps tables of other schemas and roles to themselves', async () => {
    assert.equal((await library.get('/pg_class')).status, 404);
    const forbidden = await library.get('/settings');
    assert.equal(forbidden.status, 401);
    assert.equal((forbidden.json as { code: string }).code, '42501');
    assert.equal((await library.get('/films', { 'accept-profile': 'hidden' })).status, 406);
  });

  it('suggests the nearest table', async () => {
    const { json } = await library.get('/film');
    assert.deepEqual(json, {
      code: 'PGRST205',
      details: null,
      hint: "Perhaps you meant the table 'api.films'",
      message: "Could not find the table 'api.film' in the schema cache",
    });
  });

  it('is limited by the server', async () => {
    const limited = await library.withConfig({ dbMaxRows: 2 });
    const answer = await limited.get('/films?select=id&order=id&limit=100', { prefer: 'count=estimated' });
    assert.equal((answer.json as unknown[]).length, 2);
    assert.equal(answer.status, 206);
    await limited.close();
  });

  it('has an ETag only when asked for', async () => {
    assert.equal((await library.get('/films')).headers.etag, undefined);
  });
});
