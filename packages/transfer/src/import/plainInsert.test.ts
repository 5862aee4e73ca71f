import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainInsert } from './plainInsert.ts';

const read = (text: string) =>
  plainInsert(text)?.map(row => row.map(({ kind, text }) => `${kind} ${text}`)) ?? null;

describe('an INSERT that the administrator does for a dump', () => {
  it('is its values', () => {
    assert.deepEqual(
      read(`INSERT INTO cron.job VALUES (1, '0 3 * * *', 'select ''a''; -- b', 5432.5, true, NULL);`),
      [
        [
          'plain 1',
          'string 0 3 * * *',
          "string select 'a'; -- b",
          'plain 5432.5',
          'plain true',
          'plain null',
        ],
      ],
    );
    assert.deepEqual(read(`insert into "cron"."job" ("jobid", active)\n values (-7, false), (8, DEFAULT)`), [
      ['plain -7', 'plain false'],
      ['plain 8', 'plain default'],
    ]);
    assert.deepEqual(read(`INSERT INTO cron.job (command) VALUES ('a\\b');`), [['string a\\b']]);
  });

  it('is none where anything but values stands in it', () => {
    for (const row of [
      '"public"."evil"()',
      '"evil"()',
      'evil()',
      `"pg_catalog"."current_setting"('is_superuser')`,
      `"query_to_xml"('create role evil', true, true, '')`,
      '(select 1)',
      `1::"public"."mine"`,
      `'a'::text`,
      `cast('a' as "mine")`,
      `1 operator("public".+) 1`,
      `'a' || 'b'`,
      `'a' 'b'`,
      `'a'\n'b'`,
      `E'a'`,
      `U&'a'`,
      `B'1'`,
      '$$a$$',
      '1 /* a */',
      '1 -- a\n',
      'current_user',
      'array[1]',
      'row(1)',
      `'a`,
      '1e5',
      '+1',
      '',
    ])
      assert.equal(read(`INSERT INTO cron.job (jobid, command) VALUES (1, ${row});`), null, row);
    for (const text of [
      `INSERT INTO cron.job SELECT 1`,
      `INSERT INTO cron.job AS j VALUES (1)`,
      `INSERT INTO cron.job VALUES (1) RETURNING "evil"()`,
      `INSERT INTO cron.job VALUES (1) ON CONFLICT DO UPDATE SET command = "evil"()`,
      `INSERT INTO cron.job VALUES (1); SELECT 1`,
      `INSERT INTO cron.job ("evil"()) VALUES (1)`,
      `INSERT INTO cron.job (jobid) OVERRIDING USER VALUE VALUES (1)`,
      `INSERT INTO cron.job VALUES (1),`,
      `INSERT INTO cron.job DEFAULT VALUES`,
      `WITH x AS (SELECT "evil"()) INSERT INTO cron.job VALUES (1)`,
      `INSERT INTO public.job VALUES (1)`,
    ])
      assert.equal(read(text), null, text);
  });
});
