import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CompileOptions, statementOf } from '../../test/support/compile.ts';
import { films } from '../../test/support/films.ts';

const GUCS =
  "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')";

/** The source CTE of a write or call. */
function sourceOf(line: string, options: CompileOptions = {}): string {
  const { text } = statementOf(films, line, options);
  const match = /^WITH pgrst_source AS \((.*)\) SELECT null, (?:count\(\*\)|1), /.exec(text);
  assert.ok(match?.[1], text);
  return match[1];
}

describe('a write as SQL', () => {
  it('inserts the body by one parameter, and returns nothing that was not asked for', () => {
    const { text, values } = statementOf(films, 'POST /films', { body: '{"id":1,"title":"x"}' });
    assert.equal(
      text,
      `WITH pgrst_source AS (INSERT INTO "api"."films" ("id", "title") SELECT "pgrst_body"."id", "pgrst_body"."title" FROM (SELECT _."id", _."title" FROM json_to_record($1::json) AS _("id" integer, "title" text)) pgrst_body RETURNING 1) SELECT null, count(*), null, '', ${GUCS}, null FROM pgrst_source _postgrest_t`,
    );
    assert.deepEqual(values, ['{"id":1,"title":"x"}']);
  });

  it('takes a list of rows, and as many empty ones as there are', () => {
    assert.match(
      sourceOf('POST /films', { body: '[{"id":1}]' }),
      /json_to_recordset\(\$1::json\) AS _\("id" integer\)/,
    );
    assert.equal(
      sourceOf('POST /films', { body: '[{},{}]' }),
      'INSERT INTO "api"."films" SELECT  FROM (SELECT FROM json_array_elements($1::json) _) pgrst_body RETURNING 1',
    );
  });

  it('returns the keys that Location needs', () => {
    const { text, values } = statementOf(films, 'POST /films?select=title', {
      body: '{}',
      headers: { prefer: 'return=headers-only' },
    });
    assert.match(text, /RETURNING "api"."films"."id", "api"."films"."title"\)/);
    assert.deepEqual(values.at(-1), '{"id"}');
  });

  it('merges duplicates by key or by the columns named, counting inserts', () => {
    const headers = { prefer: 'resolution=merge-duplicates' };
    assert.match(
      sourceOf('POST /films', { body: '{"id":1}', headers }),
      / WHERE set_config\('pgrst\.inserted', .*\) <> '0' ON CONFLICT \("id"\) DO UPDATE SET "id" = EXCLUDED\."id" WHERE set_config\('pgrst\.inserted', .*\) <> '-1' RETURNING 1$/,
    );
    assert.match(
      sourceOf('POST /films?on_conflict=title', {
        body: '{"id":1}',
        headers: { prefer: 'resolution=ignore-duplicates' },
      }),
      / ON CONFLICT \("title"\) DO NOTHING RETURNING 1$/,
    );
  });

  it('inserts by PUT only what the URL names', () => {
    assert.match(
      sourceOf('PUT /films?id=eq.1', { body: '{"id":1}' }),
      /<> '0' AND "pgrst_body"."id" = \$2 ON CONFLICT/,
    );
    assert.throws(() => sourceOf('PUT /films?title=eq.1', { body: '{"id":1}' }), { code: 'PGRST105' });
    assert.throws(() => sourceOf('PUT /films?id=gt.1', { body: '{"id":1}' }), { code: 'PGRST105' });
  });

  it('updates rows by their filters and shows them', () => {
    const { text, values } = statementOf(films, 'PATCH /films?id=eq.1&select=title', {
      body: '{"title":"x"}',
      headers: { prefer: 'return=representation' },
    });
    assert.equal(
      text,
      `WITH pgrst_source AS (UPDATE "api"."films" SET "title" = "pgrst_body"."title" FROM (SELECT _."title" FROM json_to_record($1::json) AS _("title" text)) pgrst_body WHERE "api"."films"."id" = $2 RETURNING "api"."films"."id", "api"."films"."title") SELECT null, count(*), null, coalesce(json_agg(_postgrest_t.*), '[]'), ${GUCS}, null FROM (SELECT "films"."title" FROM "pgrst_source" AS "films") _postgrest_t`,
    );
    assert.deepEqual(values, ['{"title":"x"}', '1']);
  });

  it('updates nothing for an empty body', () => {
    assert.equal(sourceOf('PATCH /films', { body: '{}' }), 'SELECT NULL FROM "api"."films" WHERE false');
  });

  it('deletes by filters', () => {
    assert.equal(
      sourceOf('DELETE /films?id=gt.5'),
      'DELETE FROM "api"."films" WHERE "api"."films"."id" > $1 RETURNING 1',
    );
  });

  it('returns what embeds join by, and all of it for a computed relationship', () => {
    const headers = { prefer: 'return=representation' };
    assert.match(
      sourceOf('DELETE /films?select=title,directors(name)', { headers }),
      /RETURNING "api"."films"."director_id", "api"."films"."id", "api"."films"."title"$/,
    );
    assert.match(
      sourceOf('DELETE /films?select=title,star(name)', { headers }),
      /RETURNING "api"."films"\.\*$/,
    );
  });

  it('refuses columns that the table does not have', () => {
    assert.throws(() => sourceOf('POST /films', { body: '{"nope":1}' }), { code: 'PGRST204' });
  });
});

describe('a function call as SQL', () => {
  it('names arguments from the query', () => {
    assert.equal(
      sourceOf('GET /rpc/add_them?a=1&b=2'),
      'SELECT pgrst_call.pgrst_scalar FROM (SELECT "api"."add_them"("a" := $1::integer, "b" := $2::integer) pgrst_scalar) pgrst_call',
    );
  });

  it('takes arguments from the body without reading it', () => {
    assert.equal(
      sourceOf('POST /rpc/add_them', { body: '{"a":1,"b":2}' }),
      'SELECT pgrst_call.pgrst_scalar FROM (SELECT _."a", _."b" FROM json_to_record($1::json) AS _("a" integer, "b" integer) LIMIT 1) pgrst_body, LATERAL (SELECT "api"."add_them"("a" := pgrst_body."a", "b" := pgrst_body."b") pgrst_scalar) pgrst_call',
    );
  });

  it('filters and embeds a result of rows', () => {
    const { text, values } = statementOf(
      films,
      'GET /rpc/films_of?director=1&title=eq.x&select=id,directors(name)',
    );
    assert.match(
      text,
      /^WITH pgrst_source AS \(SELECT "pgrst_call"."director_id", "pgrst_call"."id", "pgrst_call"."title" FROM "api"."films_of"\("director" := \$1::integer\) pgrst_call\)/,
    );
    assert.match(text, /WHERE "films"."title" = \$2\) _postgrest_t$/);
    assert.deepEqual(values, ['1', 'x']);
  });

  it('passes the whole body to a single unnamed parameter, bytes in hex', () => {
    assert.deepEqual(statementOf(films, 'POST /rpc/whole', { body: '{"x":1}' }).values, ['{"x":1}']);
    const headers = { 'content-type': 'application/octet-stream' };
    assert.deepEqual(statementOf(films, 'POST /rpc/raw', { body: 'ab', headers }).values, ['\\x6162']);
  });

  it('chooses among overloads by argument names', () => {
    assert.match(sourceOf('GET /rpc/choose?a=1'), /\("a" := \$1::integer\)/);
    assert.match(sourceOf('GET /rpc/choose?a=1&c=x'), /"c" := \$2::text/);
    assert.throws(() => sourceOf('GET /rpc/choose?c=1'), { code: 'PGRST202' });
    assert.throws(() => sourceOf('GET /rpc/twins?a=1'), { code: 'PGRST203' });
  });
});
