import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SqlValue } from '@peakstone/kernel/pg';
import { type CompileOptions, statementOf } from '../../test/support/compile.ts';
import { films } from '../../test/support/films.ts';

const HEAD =
  "count(*), coalesce(json_agg(_postgrest_t.*), '[]'), nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')";

/** Asserts the rows that a read selects, inside the aggregation that every read has. */
function assertRows(
  line: string,
  rows: string,
  values: readonly SqlValue[],
  options: CompileOptions = {},
): void {
  const { text, values: given } = statementOf(films, line, options);
  assert.equal(text, `SELECT null, ${HEAD} FROM (${rows}) _postgrest_t`);
  assert.deepEqual(given, values);
}

describe('a read as SQL', () => {
  it('has values as parameters', () => {
    assertRows(
      'GET /films?id=eq.1',
      'SELECT "api"."films".* FROM "api"."films" WHERE "api"."films"."id" = $1',
      ['1'],
    );
  });

  it('has limit and offset as parameters, so that paging reuses the statement', () => {
    assertRows(
      'GET /films?select=id&order=title.desc.nullslast&limit=10&offset=20',
      'SELECT "api"."films"."id" FROM "api"."films" ORDER BY "api"."films"."title" DESC NULLS LAST LIMIT $1 OFFSET $2',
      ['10', '20'],
    );
  });

  it('has every operator, cast and json path', () => {
    assertRows(
      'GET /films?select=data->a->>0,id::text&data->>c=like(any).{a*}&tags=fts.x&title=wfts(french).y&id=not.in.(1,2)&title=isdistinct.z&title=is.not_null&data=cs.{}',
      'SELECT "api"."films"."data"->$1->>$2::int AS "a", CAST("api"."films"."id" AS text) FROM "api"."films" WHERE "api"."films"."data"->>$3 like ANY($4) AND "api"."films"."tags" @@ to_tsquery($5) AND to_tsvector($6, "api"."films"."title") @@ websearch_to_tsquery($7, $8) AND NOT "api"."films"."id" = ANY ($9) AND "api"."films"."title" IS DISTINCT FROM $10 AND "api"."films"."title" IS NOT NULL AND "api"."films"."data" @> $11',
      ['a', '+0', 'c', '{a%}', 'x', 'french', 'french', 'y', '{"1","2"}', 'z', '{}'],
    );
  });

  it('has logic trees in parentheses', () => {
    assertRows(
      'GET /films?select=id&not.or=(id.eq.1,and(id.gt.5,id.lt.9))',
      'SELECT "api"."films"."id" FROM "api"."films" WHERE NOT ("api"."films"."id" = $1 OR ("api"."films"."id" > $2 AND "api"."films"."id" < $3))',
      ['1', '5', '9'],
    );
  });

  it('embeds one row as an object', () => {
    assertRows(
      'GET /films?select=id,by:directors(name)&order=by(name)',
      'SELECT "api"."films"."id", row_to_json("films_by_1".*)::jsonb AS "by" FROM "api"."films" LEFT JOIN LATERAL (SELECT "directors_1"."name" FROM "api"."directors" AS "directors_1" WHERE "directors_1"."id" = "api"."films"."director_id") AS "films_by_1" ON TRUE ORDER BY "films_by_1"."name"',
      [],
    );
  });

  it('embeds many rows as an array, filtered, and asks first which rows have any for an inner join', () => {
    assertRows(
      'GET /directors?select=name,films!inner(title)&films.title=like.A*',
      `SELECT "api"."directors"."name", COALESCE("directors_films_1"."directors_films_1", '[]') AS "films" FROM "api"."directors" INNER JOIN LATERAL (SELECT json_agg("directors_films_1".*)::jsonb AS "directors_films_1" FROM (SELECT "films_1"."title" FROM "api"."films" AS "films_1" WHERE "films_1"."director_id" = "api"."directors"."id" AND "films_1"."title" like $1) AS "directors_films_1") AS "directors_films_1" ON "directors_films_1" IS NOT NULL WHERE EXISTS (SELECT 1 FROM "api"."films" AS "films_1" WHERE "films_1"."title" like $2 AND "films_1"."director_id" = "api"."directors"."id")`,
      ['A%', 'A%'],
    );
  });

  it('goes through the junction of a many-to-many relationship', () => {
    assertRows(
      'GET /films?select=actors!roles(name)',
      `SELECT COALESCE("films_actors_1"."films_actors_1", '[]') AS "actors" FROM "api"."films" LEFT JOIN LATERAL (SELECT json_agg("films_actors_1".*)::jsonb AS "films_actors_1" FROM (SELECT "actors_1"."name" FROM "api"."actors" AS "actors_1", "api"."roles" WHERE "api"."roles"."actor_id" = "actors_1"."id" AND "api"."roles"."film_id" = "api"."films"."id") AS "films_actors_1") AS "films_actors_1" ON TRUE`,
      [],
    );
  });

  it('calls the function of a computed relationship with the row', () => {
    assertRows(
      'GET /films?select=star(name)',
      'SELECT row_to_json("films_star_1".*)::jsonb AS "star" FROM "api"."films" LEFT JOIN LATERAL (SELECT "actors_1"."name" FROM "api"."star"("films"::"api"."films") AS "actors_1") AS "films_star_1" ON TRUE',
      [],
    );
  });

  it('only asks for an embed that nothing is selected of', () => {
    assertRows(
      'GET /films?select=id,directors()&directors=not.is.null',
      'SELECT "api"."films"."id" FROM "api"."films" WHERE EXISTS (SELECT 1 FROM "api"."directors" AS "directors_1" WHERE "directors_1"."id" = "api"."films"."director_id")',
      [],
    );
  });

  it('asks apart where none are wanted, and takes what is built where it is built anyway', () => {
    const of = (line: string): string => statementOf(films, line).text;
    assert.match(
      of('GET /directors?select=name,films(title)&films=is.null'),
      /ON TRUE WHERE NOT EXISTS \(SELECT 1 FROM "api"."films" AS "films_1" WHERE "films_1"."director_id" = "api"."directors"."id"\)\)/,
    );
    assert.match(
      of('GET /directors?select=name,films(title)&or=(films.is.null,name.eq.A)'),
      /WHERE \("directors_films_1" IS NOT DISTINCT FROM NULL OR /,
    );
    // Without a filter nearly all rows have some.
    assert.doesNotMatch(of('GET /directors?select=name,films!inner(title)'), /EXISTS/);
    // An aggregate gives a row where there is none to aggregate.
    assert.doesNotMatch(
      statementOf(films, 'GET /directors?select=name,films!inner(count())&films.id=eq.1', {
        config: { dbAggregatesEnabled: true },
      }).text,
      /EXISTS/,
    );
    assert.match(
      of('GET /films?select=id,directors()&directors=not.is.null&order=directors(name)'),
      /LEFT JOIN LATERAL .* WHERE "films_directors_1" IS DISTINCT FROM NULL ORDER BY/,
    );
  });

  it('spreads many rows into arrays in their order', () => {
    assertRows(
      'GET /directors?select=name,...films(title)&films.order=id.desc',
      `SELECT "api"."directors"."name", "directors_films_1"."title" FROM "api"."directors" LEFT JOIN LATERAL (SELECT json_agg("directors_films_1".*)::jsonb AS "directors_films_1", COALESCE(json_agg("directors_films_1"."title" ORDER BY "directors_films_1"."pgrst_order_1" DESC), '[]')::jsonb AS "title" FROM (SELECT "films_1"."title", "films_1"."id" AS "pgrst_order_1" FROM "api"."films" AS "films_1" WHERE "films_1"."director_id" = "api"."directors"."id") AS "directors_films_1") AS "directors_films_1" ON TRUE`,
      [],
    );
  });

  it('groups by whatever is not aggregated, and hoists aggregates of spreads', () => {
    assertRows(
      'GET /films?select=director_id,...directors(name,n:id.count()),title.max()',
      'SELECT "api"."films"."director_id", MAX("api"."films"."title"), "films_directors_1"."name", COUNT("films_directors_1"."n") AS "n" FROM "api"."films" LEFT JOIN LATERAL (SELECT "directors_1"."name", "directors_1"."id" AS "n" FROM "api"."directors" AS "directors_1" WHERE "directors_1"."id" = "api"."films"."director_id") AS "films_directors_1" ON TRUE GROUP BY "api"."films"."director_id", "films_directors_1"."name"',
      [],
      { config: { dbAggregatesEnabled: true } },
    );
  });

  it('counts with a second look only when the page may be a part', () => {
    const exact = { headers: { prefer: 'count=exact' } };
    assert.equal(
      statementOf(films, 'GET /films?id=gt.1', exact).text,
      `SELECT count(*), ${HEAD} FROM (SELECT "api"."films".* FROM "api"."films" WHERE "api"."films"."id" > $1) _postgrest_t`,
    );
    assert.equal(
      statementOf(films, 'GET /films?id=gt.1&limit=2', exact).text,
      `WITH pgrst_source_count AS (SELECT 1 FROM "api"."films" WHERE "api"."films"."id" > $3) SELECT (SELECT count(*) FROM pgrst_source_count), ${HEAD} FROM (SELECT "api"."films".* FROM "api"."films" WHERE "api"."films"."id" > $1 LIMIT $2) _postgrest_t`,
    );
  });

  it('never returns more rows than the server allows, embeds included', () => {
    assertRows(
      'GET /directors?select=id,films(id)&limit=500',
      `SELECT "api"."directors"."id", COALESCE("directors_films_1"."directors_films_1", '[]') AS "films" FROM "api"."directors" LEFT JOIN LATERAL (SELECT json_agg("directors_films_1".*)::jsonb AS "directors_films_1" FROM (SELECT "films_1"."id" FROM "api"."films" AS "films_1" WHERE "films_1"."director_id" = "api"."directors"."id" LIMIT $1) AS "directors_films_1") AS "directors_films_1" ON TRUE LIMIT $2`,
      ['20', '20'],
      { config: { dbMaxRows: 20 } },
    );
  });

  it('leaves PostgreSQL free to join what a key finds, as that is one row at most', () => {
    assertRows(
      'GET /films?select=id,directors(id)',
      'SELECT "api"."films"."id", row_to_json("films_directors_1".*)::jsonb AS "directors" FROM "api"."films" LEFT JOIN LATERAL (SELECT "directors_1"."id" FROM "api"."directors" AS "directors_1" WHERE "directors_1"."id" = "api"."films"."director_id") AS "films_directors_1" ON TRUE LIMIT $1',
      ['20'],
      { config: { dbMaxRows: 20 } },
    );
    assertRows(
      'GET /films?select=id,directors(id)&directors.limit=0',
      'SELECT "api"."films"."id", row_to_json("films_directors_1".*)::jsonb AS "directors" FROM "api"."films" LEFT JOIN LATERAL (SELECT "directors_1"."id" FROM "api"."directors" AS "directors_1" WHERE "directors_1"."id" = "api"."films"."director_id" LIMIT $1) AS "films_directors_1" ON TRUE LIMIT $2',
      ['0', '20'],
      { config: { dbMaxRows: 20 } },
    );
  });

  it('lets no cast open a string', () => {
    assertRows(
      'GET /films?select=id::int%20$$,title::text%20$$,data::jsonb',
      'SELECT CAST("api"."films"."id" AS "int $$"), CAST("api"."films"."title" AS "text $$"), CAST("api"."films"."data" AS jsonb) FROM "api"."films"',
      [],
    );
  });

  it('quotes whatever a request calls a column', () => {
    assertRows(
      `GET /films?select=${encodeURIComponent('"a""; drop table films; --"')}`.replace('%22%22', '%5C%22'),
      'SELECT "api"."films"."a""; drop table films; --" FROM "api"."films"',
      [],
    );
  });
});
