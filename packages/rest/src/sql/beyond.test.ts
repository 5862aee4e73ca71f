import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBeyond } from '../../test/support/beyond.ts';
import { makeCatalog } from '../../test/support/catalog.ts';
import { type CompileOptions, compile, statementOf } from '../../test/support/compile.ts';
import { films } from '../../test/support/films.ts';
import { encodeCursor } from '../parse/cursor.ts';

const GUCS =
  "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')";
const config = { beyond: allBeyond };

const sql = (line: string, options: CompileOptions = {}) => statementOf(films, line, { config, ...options });

describe('columns compared, as SQL', () => {
  const whereOf = (query: string): string =>
    / WHERE (.*)\) _postgrest_t$/.exec(sql(`GET /films?${query}`).text)?.[1] ?? '';

  it('qualifies both sides, and takes no parameter', () => {
    assert.equal(whereOf('id=gt(col).director_id'), '"api"."films"."id" > "api"."films"."director_id"');
    assert.equal(
      whereOf('id=not.isdistinct(col).director_id'),
      'NOT "api"."films"."id" IS DISTINCT FROM "api"."films"."director_id"',
    );
    assert.deepEqual(sql('GET /films?id=gt(col).director_id').values, []);
  });

  it('keeps a json path on the right together', () => {
    assert.equal(whereOf('data=cs(col).data->a'), '"api"."films"."data" @> ("api"."films"."data"->$1)');
    assert.equal(
      whereOf('title=like(col).data->>a'),
      '"api"."films"."title" like ("api"."films"."data"->>$1)',
    );
  });

  it('stands in trees and on embeds', () => {
    assert.equal(
      whereOf('or=(id.eq(col)."director_id",title.eq.x)'),
      '("api"."films"."id" = "api"."films"."director_id" OR "api"."films"."title" = $1)',
    );
    assert.match(
      sql('GET /directors?select=films(id)&films.id=gt(col).director_id').text,
      / WHERE "films_1"\."director_id" = "api"\."directors"\."id" AND "films_1"\."id" > "films_1"\."director_id"\)/,
    );
  });

  it('finds both sides in the result of a function, whatever is selected of it', () => {
    assert.match(
      sql('GET /rpc/films_of?director=1&select=title&id=gt(col).director_id').text,
      /^WITH pgrst_source AS \(SELECT "pgrst_call"\."director_id", "pgrst_call"\."id", "pgrst_call"\."title" FROM/,
    );
  });

  it('chooses what a write changes', () => {
    assert.match(
      sql('DELETE /films?id=gt(col).director_id').text,
      /WHERE "api"\."films"\."id" > "api"\."films"\."director_id" RETURNING/,
    );
  });
});

describe('a page by cursor, as SQL', () => {
  const orderOf = (line: string): string => {
    const compiled = compile(films, line, { config });
    assert.ok(compiled.kind === 'read' && compiled.keyset);
    return compiled.keyset.order;
  };
  /** The condition of a page behind these values. */
  const after = (target: string, values: readonly (string | null)[]): { where: string; values: unknown } => {
    const cursor = encodeCursor(JSON.stringify(values), orderOf(`GET ${target}&after=`));
    const statement = sql(`GET ${target}&after=${cursor}`);
    return {
      where: / WHERE \((.*)\) ORDER BY/.exec(statement.text)?.[1] ?? statement.text,
      values: statement.values,
    };
  };

  it('shows the place of each row beside it, and orders by the key behind all else', () => {
    const { text, values } = sql('GET /films?select=title&order=title.desc&limit=2&after=');
    assert.equal(
      text,
      `SELECT null, count(*), coalesce(json_agg(_postgrest_t._postgrest_t), '[]'), ${GUCS}, (array_agg(pgrst_key))[count(*)] FROM (SELECT _postgrest_t, json_build_array(("api"."films"."title")::text, ("api"."films"."id")::text)::text AS pgrst_key FROM "api"."films" CROSS JOIN LATERAL (SELECT "api"."films"."title") AS _postgrest_t ORDER BY "api"."films"."title" DESC, "api"."films"."id" DESC LIMIT $1) _postgrest_t`,
    );
    assert.deepEqual(values, ['2']);
  });

  it('compares rows at once where none can be null and all run one way', () => {
    assert.deepEqual(after('/roles?limit=2', ['5', '7']), {
      where: '("api"."roles"."film_id", "api"."roles"."actor_id") > ($1, $2)',
      values: ['5', '7', '2'],
    });
    assert.equal(after('/films?order=id.desc', ['5']).where, '"api"."films"."id" < $1');
  });

  it('bounds the first term where directions are mixed', () => {
    assert.equal(
      after('/roles?order=film_id.desc,actor_id.asc', ['5', '7']).where,
      '"api"."roles"."film_id" <= $1 AND ("api"."roles"."film_id" < $1 OR ("api"."roles"."film_id" = $1 AND "api"."roles"."actor_id" > $2))',
    );
  });

  it('puts nulls where the order has them', () => {
    const title = '"api"."films"."title"';
    const id = '"api"."films"."id"';
    assert.equal(
      after('/films?order=title', ['x', '1']).where,
      `((${title} > $1 OR ${title} IS NULL) OR (${title} = $1 AND ${id} > $2))`,
    );
    assert.equal(after('/films?order=title', [null, '1']).where, `(${title} IS NULL AND ${id} > $1)`);
    assert.equal(
      after('/films?order=title.desc', [null, '1']).where,
      `(${title} IS NOT NULL OR (${title} IS NULL AND ${id} < $1))`,
    );
    assert.equal(
      after('/films?order=title.desc', ['x', '1']).where,
      `(${title} < $1 OR (${title} = $1 AND ${id} < $2))`,
    );
    assert.equal(
      after('/films?order=title.nullsfirst', ['x', '1']).where,
      `(${title} > $1 OR (${title} = $1 AND ${id} > $2))`,
    );
  });

  it('refuses what cannot be paged', () => {
    for (const target of ['/log?after=', '/films?after=&offset=1']) {
      assert.throws(() => sql(`GET ${target}`), { code: 'PEAK101', status: 400 });
    }
    assert.throws(() => sql('GET /films?after=AAAAAAAAAAAAAAAAAAAA'), { code: 'PEAK100', status: 400 });
  });
});

describe('a streamed read, as SQL', () => {
  it('gives rows one by one, beside the settings of the response', () => {
    const { text } = sql('GET /films?select=id&id=eq.1', { headers: { prefer: 'stream' } });
    assert.equal(
      text,
      `SELECT pgrst_set.headers, pgrst_set.status, row_to_json(_postgrest_t.*) FROM (SELECT nullif(current_setting('response.headers', true), '') AS headers, nullif(current_setting('response.status', true), '') AS status) pgrst_set LEFT JOIN LATERAL (SELECT "api"."films"."id" FROM "api"."films" WHERE "api"."films"."id" = $1) _postgrest_t ON TRUE`,
    );
  });

  it('is made whole where it is counted, single or planned', () => {
    for (const headers of [
      { prefer: 'stream, count=exact' },
      { prefer: 'stream', accept: 'application/vnd.pgrst.object+json' },
    ]) {
      const compiled = compile(films, 'GET /films', { config, headers });
      assert.ok(compiled.kind === 'read' && compiled.stream === undefined);
    }
  });
});

describe('a nested insert, as SQL', () => {
  const statementsOf = (line: string, body: unknown): readonly { text: string; values: unknown }[] => {
    const headers = { prefer: 'nested=insert, return=representation' };
    const compiled = compile(films, line, { config, headers, body: JSON.stringify(body) });
    assert.ok(compiled.kind === 'mutate' && compiled.before);
    return [...compiled.before, ...compiled.statements];
  };

  it('inserts what is referred to first, and hands its key on in a setting', () => {
    const [director, film, shown, ...others] = statementsOf('POST /films?select=title', {
      title: 'a',
      directors: { name: 'n' },
    });
    assert.deepEqual(others, []);
    assert.deepEqual(director, {
      text: `WITH pgrst_rows AS (SELECT _.pgrst_ord, _."name" FROM json_to_recordset($1::json) AS _(pgrst_ord int, "name" text) ORDER BY _.pgrst_ord), pgrst_made AS (MERGE INTO "api"."directors" AS pgrst_target USING pgrst_rows ON false WHEN NOT MATCHED THEN INSERT ("name") VALUES ("pgrst_rows"."name") RETURNING pgrst_rows.pgrst_ord, "pgrst_target"."id") SELECT set_config('pgrst.nested_1', (coalesce(jsonb_agg(pgrst_made.*), '[]'))::text, true) FROM pgrst_made`,
      values: [Buffer.from('[{"pgrst_ord":0,"name":"n"}]')],
    });
    assert.match(
      film?.text ?? '',
      /JOIN jsonb_to_recordset\(current_setting\('pgrst\.nested_1'\)::jsonb\) AS pgrst_keys_0\(pgrst_ord int, "id" integer\) ON pgrst_keys_0\.pgrst_ord = _\.pgrst_link_0 .* INSERT \("title", "director_id"\) VALUES \("pgrst_rows"\."title", "pgrst_rows"\."director_id"\)/,
    );
    assert.deepEqual(film?.values, [Buffer.from('[{"pgrst_ord":0,"pgrst_link_0":0,"title":"a"}]')]);
    assert.match(
      shown?.text ?? '',
      /^WITH pgrst_source AS \(SELECT "api"\."films"\."id", "api"\."films"\."title" FROM jsonb_to_recordset\(current_setting\('pgrst\.nested_0'\)::jsonb\) AS pgrst_keys\(pgrst_ord int, "id" integer\) JOIN "api"\."films" ON "api"\."films"\."id" = pgrst_keys\."id" ORDER BY pgrst_keys\.pgrst_ord\) SELECT null, count\(\*\)/,
    );
  });

  it('takes as many statements for a hundred rows as for one', () => {
    const rows = (n: number) => Array.from({ length: n }, () => ({ title: 'x', actors: [{ name: 'y' }] }));
    const few = statementsOf('POST /films', rows(1)).map(({ text }) => text);
    assert.deepEqual(
      statementsOf('POST /films', rows(100)).map(({ text }) => text),
      few,
    );
    // The row, what it is tied to, the junction, and what is shown.
    assert.equal(few.length, 4);
    assert.match(
      few[2] ?? '',
      /^INSERT INTO "api"\."roles" \("film_id", "actor_id"\) SELECT pgrst_keys_0\."id" AS "film_id", pgrst_keys_1\."id" AS "actor_id"/,
    );
  });

  it('leaves a column that a row lacks to its default', () => {
    const texts = statementsOf('POST /films', [{ title: 'a' }, { title: 'b', data: {} }, {}]).map(
      ({ text }) => text,
    );
    assert.equal(texts.length, 4);
    assert.match(texts[1] ?? '', /current_setting\('pgrst\.nested_0'\)::jsonb \|\| coalesce/);
    assert.match(texts[2] ?? '', /WHEN NOT MATCHED THEN INSERT DEFAULT VALUES RETURNING/);
  });

  it('refuses more shapes of rows than it takes statements', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const wide = makeCatalog({
      tables: { wide: `id! integer, ${names.map(name => `${name} text`).join(', ')}` },
    });
    const shapes = Array.from({ length: 128 }, (_, n) =>
      Object.fromEntries(names.filter((_name, bit) => (n >> bit) & 1).map(name => [name, 'x'])),
    );
    const insert = (rows: unknown) =>
      compile(wide, 'POST /wide', {
        config,
        headers: { prefer: 'nested=insert' },
        body: JSON.stringify(rows),
      });
    const few = insert(shapes.slice(0, 100));
    assert.equal(few.kind === 'mutate' && few.before?.length, 100);
    assert.throws(() => insert(shapes), { code: 'PEAK130', status: 400 });
  });

  it('refuses an older server and a table without a key', () => {
    const headers = { prefer: 'nested=insert' };
    const older = { ...films, serverVersion: 160_004 };
    assert.throws(() => compile(older, 'POST /films', { config, headers, body: '{}' }), {
      code: 'PEAK130',
      status: 400,
    });
    assert.throws(() => compile(films, 'POST /log', { config, headers, body: '{}' }), { code: 'PEAK130' });
  });
});
