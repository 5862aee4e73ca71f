import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sql } from '@peakstone/kernel/pg';
import { type CompileOptions, compile } from '../../test/support/compile.ts';
import { films } from '../../test/support/films.ts';
import { defaultBeyond } from '../config/beyond.ts';

const maxResultBytes = 64 * 1024 * 1024;
const config = { beyond: { ...defaultBeyond, maxResultBytes } };

function bounded(line: string, options: CompileOptions = {}): Sql {
  const [statement] = compile(films, line, { ...options, config }).statements;
  assert.ok(statement);
  return statement;
}

const plain = (line: string, options: CompileOptions = {}): string | undefined =>
  compile(films, line, options).statements[0]?.text;

describe('a bounded answer as SQL', () => {
  it('is made of rows that are each made once, beside the sum of their sizes', () => {
    const { text, large } = bounded('GET /films?select=id');
    const of = (factor: string): string =>
      `SELECT null, count(*), coalesce('[' || string_agg(_postgrest_t.pgrst_item, E', \\n ') || ']', (pg_catalog.to_json(pg_catalog.sum(pg_catalog.pg_column_size(_postgrest_t.pgrst_item) operator(pg_catalog.*) ${factor})))::text, '[]'), nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '') FROM (SELECT row_to_json(_postgrest_t.*)::text AS pgrst_item FROM (SELECT "api"."films"."id" FROM "api"."films") _postgrest_t OFFSET 0) _postgrest_t`;
    assert.equal(text, of(`'${Number.MAX_VALUE / (maxResultBytes / 16)}'::float8`));
    assert.deepEqual(large, {
      text: of(`('${9.22e12 / maxResultBytes}'::float8 operator(pg_catalog.*) '1 second'::interval)`),
      maxBytes: maxResultBytes,
    });
  });

  it('bounds related rows as well, all lists within the same bytes', () => {
    const { text } = bounded('GET /directors?select=name,films(title)');
    const factor = `'${Number.MAX_VALUE / (maxResultBytes / 16 / 2)}'::float8`;
    assert.equal(text.split(factor).length, 3);
    assert.match(
      text,
      /LATERAL \(SELECT coalesce\(json_agg\("directors_films_1"\.pgrst_item\), pg_catalog\.to_json\(pg_catalog\.sum\(.*\)\)\)::jsonb AS "directors_films_1" FROM \(SELECT row_to_json\("directors_films_1"\.\*\) AS pgrst_item FROM \(.*\) AS "directors_films_1" OFFSET 0\)/,
    );
  });

  it('is the plain one where there is nothing to bound', () => {
    for (const [line, options] of [
      ['HEAD /films', {}],
      ['DELETE /films?id=eq.1', {}],
    ] as const)
      assert.deepEqual(bounded(line, options), { text: plain(line, options), values: bounded(line).values });
  });

  it('has a plain twin where rows are few: by key, by limit, or written from one object', () => {
    const shown = { headers: { prefer: 'return=representation', 'content-type': 'application/json' } };
    const one = { ...shown, body: '{"title":"A"}' };
    for (const [line, options] of [
      ['GET /films?id=eq.1', {}],
      ['GET /films?id=eq.1&select=title,directors(name)', {}],
      ['GET /films?limit=100', {}],
      ['GET /films?select=id', { headers: { range: '20-29' } }],
      ['POST /films', one],
    ] as const)
      assert.equal(bounded(line, options).plain, plain(line, options), line);
    for (const [line, options] of [
      ['GET /films', {}],
      ['GET /films?limit=101', {}],
      ['GET /films?id=gt.1', {}],
      ['GET /films?id=not.eq.1', {}],
      ['GET /films?or=(id.eq.1,id.eq.2)', {}],
      ['GET /films?title=eq.A', {}],
      ['GET /directors?id=eq.1&select=name,films(title)', {}],
      ['POST /films', { ...shown, body: '[{"title":"A"}]' }],
      ['PATCH /films?id=eq.1', one],
    ] as const)
      assert.equal(bounded(line, options).plain, undefined, line);
  });
});
