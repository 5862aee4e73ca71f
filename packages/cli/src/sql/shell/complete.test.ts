import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complete, readNames } from './complete.ts';

const names = readNames([
  ['relation', 'public', 'films', null],
  ['relation', 'leads', 'film_leads', null],
  ['relation', 'pg_catalog', 'pg_class', null],
  ['function', 'auth', 'uid', null],
  ['schema', '', 'public', null],
  ['schema', '', 'auth', null],
  ['relation', 'public', 'film\n\u001b[31m', null],
  ['schema', '', 'pg_catalog', null],
  ['column', 'public', 'title', 'films'],
  ['column', 'public', 'tags', 'films'],
  ['column', 'leads', 'telephone', 'film_leads'],
]);
const completed = (line: string, before = ''): string[] => complete(line, before, names)[0];

describe('completing names at the prompt', () => {
  it('offers relations where one must stand', () => {
    assert.deepEqual(completed('select * from film'), ['films', 'film_leads']);
    assert.deepEqual(completed('select * from films, fil'), ['films', 'film_leads']);
    assert.deepEqual(completed('\\d pub'), ['public.']);
    assert.deepEqual(completed('\\d public.f'), ['public.films']);
    assert.deepEqual(completed('select * from pg_catalog.pg_cl'), ['pg_catalog.pg_class']);
  });

  it('offers each by one name, and the system’s where they are begun', () => {
    const offered = completed('select * from ');
    assert.deepEqual(offered, ['films', 'film_leads', 'public.', 'auth.']);
    assert.deepEqual(completed('select * from pg_'), ['pg_catalog.']);
  });

  it('offers columns of what the statement names, in the lines above as well, and of every table before it does', () => {
    assert.ok(completed('select * from films where t').includes('title'));
    assert.ok(!completed('select * from films where te').includes('telephone'));
    assert.ok(completed('where ti', 'select *\nfrom films').includes('title'));
    assert.ok(completed('select tele').includes('telephone'));
    assert.deepEqual(completed('select f.ti from films f where f.ti'), ['f.title']);
  });

  it('offers what a statement begins with on an empty line, and not every name there is', () => {
    const offered = completed('');
    assert.ok(offered.includes('SELECT') && offered.includes('WITH'));
    assert.ok(!offered.includes('films') && !offered.includes('FROM') && !offered.includes('title'));
    assert.deepEqual(completed('', '  \n'), offered);
  });

  it('offers keywords in the case in which they are typed, functions, and its own commands', () => {
    assert.deepEqual(completed('sel'), ['select']);
    assert.deepEqual(completed('select 1; sel').slice(0, 1), ['select']);
    assert.deepEqual(completed('SEL'), ['SELECT']);
    assert.ok(completed('select auth.u').includes('auth.uid'));
    assert.deepEqual(completed('\\ti'), ['\\timing']);
  });
});
