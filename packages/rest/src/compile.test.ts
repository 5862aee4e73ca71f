import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { key } from '@peakstone/kernel/catalog';
import { makeTable } from '../test/support/catalog.ts';
import { compile } from '../test/support/compile.ts';
import { films } from '../test/support/films.ts';

describe('compiling a request', () => {
  it('suggests the table that was meant', () => {
    assert.throws(() => compile(films, 'GET /film'), {
      code: 'PGRST205',
      hint: "Perhaps you meant the table 'api.films'",
    });
  });

  it('neither reads nor suggests a partition', () => {
    const partition = { ...makeTable('films_1960', 'id! integer'), isPartition: true };
    const catalog = { ...films, tables: new Map([[key('api', 'films_1960'), partition]]) };
    for (const name of ['films_1960', 'films_1961']) {
      assert.throws(() => compile(catalog, `GET /${name}`), { code: 'PGRST205', hint: null });
    }
  });

  it('produces the first accepted media type that it can', () => {
    const accept = 'image/png, text/csv;q=0.5, application/json;q=0.4';
    assert.equal(compile(films, 'GET /films', { headers: { accept } }).mediaType.kind, 'csv');
    assert.throws(() => compile(films, 'GET /films', { headers: { accept: 'image/png' } }), {
      code: 'PGRST107',
    });
  });

  it('refuses unknown preferences when told to be strict', () => {
    const headers = { prefer: 'handling=strict, nonsense' };
    for (const line of ['GET /films', 'DELETE /films', 'GET /rpc/add_them?a=1&b=2']) {
      assert.throws(() => compile(films, line, { headers }), { code: 'PGRST122' }, line);
    }
  });

  it('limits what a function may affect only when it returns rows', () => {
    const headers = { prefer: 'handling=strict, max-affected=1' };
    assert.equal(compile(films, 'GET /rpc/films_of?director=1', { headers }).kind, 'call');
    assert.throws(() => compile(films, 'GET /rpc/add_them?a=1&b=2', { headers }), { code: 'PGRST128' });
  });

  it('refuses aggregates unless the server allows them', () => {
    assert.throws(() => compile(films, 'GET /films?select=count()'), { code: 'PGRST123' });
    const config = { dbAggregatesEnabled: true };
    assert.throws(
      () => compile(films, 'GET /directors?select=...films!films_director_id_fkey(id.count())', { config }),
      {
        code: 'PGRST127',
      },
    );
  });
});
