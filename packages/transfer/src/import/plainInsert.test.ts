import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainInsert } from './plainInsert.ts';

const read = (text: string, columns: readonly string[] = []) => plainInsert(text, 'cron.job', columns);

describe('an INSERT that the administrator says for a dump', () => {
  it('is written anew from its values', () => {
    assert.equal(
      read(
        `INSERT INTO cron.job VALUES (1, '0 3 * * *', 'select ''a''; -- b', 'localhost', 5432, 'db', 'me', true, NULL);`,
      ),
      `insert into cron.job values (1, '0 3 * * *', 'select ''a''; -- b', 'localhost', 5432, 'db', 'me', true, null)`,
    );
    assert.equal(
      read(`insert into "cron"."job" ("jobid", active)\n values (-7, false), (8, DEFAULT)`, [
        'jobid',
        'active',
      ]),
      'insert into cron.job ("jobid", "active") values (-7, false), (8, default)',
    );
    assert.equal(
      read(`INSERT INTO cron.job (command) VALUES ('a\\b');`, ['command']),
      `insert into cron.job ("command") values ( E'a\\\\b')`,
    );
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
      assert.equal(
        read(`INSERT INTO cron.job (jobid, command) VALUES (1, ${row});`, ['jobid', 'command']),
        null,
        row,
      );
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
