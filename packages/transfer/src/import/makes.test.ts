import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { madeBy } from './makes.ts';

describe('what a statement of a dump makes', () => {
  it('is known by its name, whatever kind of thing it is', () => {
    const cases: readonly (readonly [string, string | undefined])[] = [
      ['CREATE FUNCTION public."is mine"(id integer) RETURNS boolean', 'is mine'],
      ['create or replace function F() returns void', 'f'],
      ['CREATE PUBLICATION p FOR TABLES IN SCHEMA s2', 'p'],
      ['CREATE MATERIALIZED VIEW public.m AS', 'm'],
      ['CREATE UNLOGGED TABLE IF NOT EXISTS a.b (', 'b'],
      ['CREATE OPERATOR CLASS public.oc FOR TYPE x', 'oc'],
      ['CREATE TEXT SEARCH CONFIGURATION public.tc (', 'tc'],
      ['CREATE EVENT TRIGGER e ON ddl_command_end', 'e'],
      ['CREATE TYPE public."a""b" AS ENUM', 'a"b'],
      ['ALTER TABLE public.t OWNER TO x', undefined],
      ["INSERT INTO t VALUES ('create table x')", undefined],
    ];
    for (const [text, name] of cases) assert.equal(madeBy(text), name, text);
  });
});
