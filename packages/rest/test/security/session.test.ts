/** What one request's functions leave in the database session is no part of any other request. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { allBeyond } from '../support/beyond.ts';
import { httpRequest, readText, startEngine, type TestEngine, type TestRequest } from '../support/engine.ts';

const schema = (guest: string): string => `
  create schema api;
  create table api.films (id int primary key, title text, made timestamptz default '2020-02-02 00:00Z');
  insert into api.films values (1, 'Ikiru'), (2, 'Ran');
  create table api.log (id int generated always as identity primary key, note text);
  create function api.leave(name text, value text) returns text language sql volatile as 'select set_config(name, value, false)';
  create function api.leave_role() returns void language plpgsql as $$ begin execute 'set role none'; end $$;
  create function api.leave_table() returns void language plpgsql as
    $$ begin create temp table films (id int, title text) on commit preserve rows; insert into films values (9, 'stolen'); end $$;
  create function api.leave_lock() returns void language sql volatile as 'select pg_advisory_lock(42)';
  create function api.leave_cursor() returns void language plpgsql as
    $$ begin execute 'declare left_behind cursor with hold for select 1'; end $$;
  create function api.leave_prepared() returns void language plpgsql as $$ begin execute 'prepare left_behind as select 1'; end $$;
  create function api.leave_seed() returns void language sql volatile as 'select setseed(0.42)';
  create function api.chance() returns float8 language sql volatile as 'select random()';
  create function api.leave_sequence() returns void language plpgsql as $$ begin
    perform nextval(pg_get_serial_sequence('api.log', 'id')); end $$;
  create function api.sequence_seen() returns text language plpgsql volatile as $$ begin
    return currval(pg_get_serial_sequence('api.log', 'id')) || ', ' || lastval();
    exception when object_not_in_prerequisite_state then return 'none'; end $$;
  create function api.drop_prepared() returns void language plpgsql as 'begin deallocate all; end';
  create function api.first_film() returns text language plpgsql stable as 'begin return (select title from films order by id limit 1); end';
  create function api.seen() returns json language sql stable as $$
    select json_build_object('role', current_user, 'tenant', coalesce(current_setting('app.tenant', true), ''),
      'claims', current_setting('request.jwt.claims', true)::json, 'path', current_setting('search_path'),
      'isolation', current_setting('transaction_isolation'), 'timeout', current_setting('statement_timeout'),
      'zone', current_setting('timezone'), 'commit', current_setting('synchronous_commit')) $$;
  -- Reads and inserts, too, run functions.
  create view api.leaving as select set_config('app.tenant', 'evil', false) as a, set_config('response.status', '418', false) as b,
    set_config('timezone', 'Asia/Tokyo', false) as c, set_config('default_transaction_isolation', 'serializable', false) as d;
  create function api.on_log() returns trigger language plpgsql as $$ begin
    if new.note = 'evil' then
      perform set_config('app.tenant', 'evil', false), set_config('response.headers', '[{"X-Evil": "1"}]', false),
        set_config('default_transaction_read_only', 'on', false), set_config('request.jwt.claims', '{"role":"other"}', false);
    end if;
    return new; end $$;
  create trigger on_log before insert on api.log for each row execute function api.on_log();
  create role ${guest} nologin;
  grant usage on schema api to ${guest};
  grant all on all tables in schema api to ${guest};
  grant all on all sequences in schema api to ${guest};
`;

const post = (
  target: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): TestRequest => ({
  method: 'POST',
  target,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const leave = (name: string, value: string): TestRequest => post('/rpc/leave', { name, value });

/** What somebody does, by every way in which a request runs functions. */
const culprits: readonly TestRequest[] = [
  ...Object.entries({
    'response.status': '418',
    'response.headers': '[{"X-Evil": "1"}]',
    'app.tenant': 'evil',
    'request.jwt.claims': '{"role":"other"}',
    default_transaction_read_only: 'on',
    default_transaction_isolation: 'serializable',
    default_transaction_deferrable: 'on',
    statement_timeout: '1ms',
    transaction_timeout: '1ms',
    idle_session_timeout: '1ms',
    search_path: 'pg_catalog',
    role: 'none',
    row_security: 'off',
    timezone: 'Asia/Tokyo',
    datestyle: 'German',
    client_encoding: 'LATIN1',
    bytea_output: 'escape',
    plan_cache_mode: 'force_generic_plan',
    synchronous_commit: 'off',
    standard_conforming_strings: 'off',
    'pgrst.inserted': '7',
  }).map(([name, value]) => leave(name, value)),
  post('/rpc/leave_role', {}),
  post('/rpc/leave_table', {}),
  post('/rpc/leave_lock', {}),
  post('/rpc/leave_cursor', {}),
  post('/rpc/leave_seed', {}),
  post('/rpc/leave_sequence', {}),
  post('/rpc/leave_prepared', {}),
  post('/rpc/drop_prepared', {}),
  { target: '/leaving' },
  post('/log', { note: 'evil' }),
  post('/batch', [
    { method: 'POST', path: '/rpc/leave', body: { name: 'response.status', value: '418' } },
    { method: 'POST', path: '/rpc/leave', body: { name: 'app.tenant', value: 'evil' } },
    { method: 'POST', path: '/rpc/leave_table', body: {} },
  ]),
];

/** What others do meanwhile. */
const others: readonly TestRequest[] = [
  { target: '/films?select=id,title,made&order=id' },
  { target: '/films?id=eq.1', headers: { accept: 'text/csv' } },
  { target: '/rpc/seen' },
  { target: '/rpc/first_film' },
  post('/rpc/sequence_seen', {}),
  post('/log?select=note', { note: 'mine' }, { prefer: 'return=representation' }),
  post('/batch', [
    { path: '/films?select=title&order=id' },
    { path: '/rpc/seen' },
    { method: 'POST', path: '/log', body: { note: 'mine' } },
  ]),
];

describe('a database session', () => {
  let database: TestDatabase;
  let engine: TestEngine;
  before(async () => {
    database = await testDatabase();
    const guest = `${database.name}_guest`;
    const admin = createPool({ url: database.superuserUrl, size: 1 });
    await admin.script(`${schema(guest)} grant ${guest} to ${database.name}`);
    await admin.close();
    engine = await startEngine(database.url, { dbSchemas: ['api'], dbAnonRole: guest, beyond: allBeyond });
  });
  after(async () => {
    await engine.close();
    const admin = createPool({ url: database.superuserUrl, size: 1 });
    await admin.script(`drop owned by ${database.name}_guest cascade; drop role ${database.name}_guest`);
    await admin.close();
    await database.drop();
  });

  const ask = async (request: TestRequest): Promise<string> => {
    const { status, headers, body } = await engine.handler(httpRequest(request));
    return JSON.stringify([status, headers, await readText(body)]);
  };

  it('hands nothing that a function left in it on: sixty answers of others each are what they would be', async () => {
    const clean: string[] = [];
    // Often enough to be known as short, so that they share connections.
    for (const request of others)
      for (let i = 0; i < 20; i++) clean[others.indexOf(request)] = await ask(request);
    for (const answer of clean) assert.match(answer, /^\[20/);
    for (const culprit of culprits) {
      const pending: Promise<unknown>[] = [];
      for (let i = 0; i < 10; i++) {
        pending.push(ask(culprit));
        for (const [index, request] of others.entries()) {
          pending.push(
            ask(request).then(answer =>
              assert.equal(answer, clean[index], JSON.stringify([culprit, request])),
            ),
          );
        }
      }
      await Promise.all(pending);
      // And one after the other, on connections that are free again.
      for (const [index, request] of others.entries()) {
        await ask(culprit);
        assert.equal(await ask(request), clean[index], JSON.stringify([culprit, request]));
      }
    }
  });

  it('lets nobody choose the random numbers of others', async () => {
    for (const seen of [{ target: '/rpc/chance' }, post('/rpc/chance', {})]) {
      const numbers: Promise<string>[] = [];
      for (let i = 0; i < 40; i++) {
        void ask(post('/rpc/leave_seed', {}));
        void ask({ target: '/rpc/leave_seed' });
        numbers.push(ask(seen));
      }
      const different = new Set(await Promise.all(numbers));
      assert.equal(different.size, 40);
      for (const answer of different) assert.match(answer, /^\[200,/);
    }
  });
});
