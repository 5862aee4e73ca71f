import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { allBeyond } from '../support/beyond.ts';
import { httpRequest, readText, startEngine, type TestEngine, type TestRequest } from '../support/engine.ts';

const SECRET = 'a secret of at least thirty-two characters';
const OWNERS = ['alice', 'bob', 'carol'] as const;

/** Every row carries a canary that names its table and owner; a canary of somebody else in an answer is a leak. */
const schema = (login: string, member: string, guest: string) => `
create schema app;
create table app.notes (id int primary key, owner text not null, body text not null, parent_id int references app.notes);
create table app.tags (id int primary key, owner text not null, label text not null unique);
create table app.note_tags (note_id int references app.notes, tag_id int references app.tags, owner text not null, primary key (note_id, tag_id));
create table app.profiles (note_id int primary key references app.notes, owner text not null, bio text not null);
create table app.vault (id int primary key, owner text not null, body text not null);
create view app.note_view with (security_invoker) as select * from app.notes;
create function app.my_notes() returns setof app.notes language sql stable as 'select * from app.notes';
create function app.count_notes() returns bigint language sql stable as 'select count(*) from app.notes';
create function app.note_owner(app.notes) returns setof app.profiles rows 1 language sql stable as 'select * from app.profiles p where p.note_id = $1.id';
insert into app.notes select g, o, 'canary:' || o || ':notes:' || g, null from unnest(array['alice','bob','carol']) with ordinality u(o, n), generate_series(n * 10, n * 10 + 4) g;
update app.notes set parent_id = 10 where id <> 10;
insert into app.tags select n * 10, o, 'canary:' || o || ':tags' from unnest(array['alice','bob','carol']) with ordinality u(o, n);
insert into app.note_tags select n.id, t.id, n.owner from app.notes n join app.tags t on true;
insert into app.profiles select id, owner, 'canary:' || owner || ':profiles:' || id from app.notes;
insert into app.vault select n, o, 'canary:' || o || ':vault' from unnest(array['alice','bob','carol']) with ordinality u(o, n);
create role ${guest} nologin;
create role ${member} nologin;
create role ${login} login noinherit password 'x';
grant ${guest}, ${member} to ${login};
grant usage on schema app to ${guest}, ${member};
grant all on all tables in schema app to ${member};
grant select on all tables in schema app to ${guest};
alter table app.notes enable row level security;
alter table app.tags enable row level security;
alter table app.note_tags enable row level security;
alter table app.profiles enable row level security;
alter table app.vault enable row level security;
create policy own on app.notes for all to ${member} using (owner = current_setting('request.jwt.claims', true)::json->>'sub');
create policy own on app.tags for all to ${member} using (owner = current_setting('request.jwt.claims', true)::json->>'sub');
create policy own on app.note_tags for all to ${member} using (owner = current_setting('request.jwt.claims', true)::json->>'sub');
create policy own on app.profiles for all to ${member} using (owner = current_setting('request.jwt.claims', true)::json->>'sub');
`;

const READS = [
  '/TABLE',
  '/TABLE?select=*&limit=100&offset=0',
  '/TABLE?owner=neq.nobody',
  '/TABLE?or=(owner.eq.bob,owner.eq.alice,owner.eq.carol)',
  '/TABLE?not.and=(owner.eq.nobody)',
  '/TABLE?select=count(),owner',
  '/TABLE?select=owner.max(),owner.min()',
  '/TABLE?owner=like.*',
  '/TABLE?owner=in.(alice,bob,carol)',
  '/TABLE?owner=fts.bob',
  '/TABLE?order=owner.desc.nullslast',
  '/TABLE?owner=eq(col).owner',
  '/TABLE?or=(owner.neq(col).owner,owner.isdistinct(col).nope,owner.eq.bob)',
  '/TABLE?limit=3&after=',
  '/TABLE?order=owner.desc&limit=3&after=',
] as const; // prettier-ignore

const EMBEDS = [
  '/notes?select=*,tags(*),profiles(*),note_tags(*,tags(*))',
  '/notes?select=*,parent:notes!parent_id(*)',
  '/notes?select=*,children:notes!parent_id(*)',
  '/notes?select=id,...profiles(bio)',
  '/notes?select=id,...tags(label)',
  '/tags?select=*,notes!inner(*)',
  '/note_tags?select=*,notes(*),tags(*)',
  '/profiles?select=*,notes(*,tags(*))',
  '/notes?select=*,note_owner(*)',
  '/note_view?select=*,tags(*)',
  '/notes?select=*,tags!inner(*)&tags.owner=eq.bob',
  '/notes?select=*&tags=not.is.null&order=profiles(bio).desc',
  '/rpc/my_notes',
  '/rpc/my_notes?select=*,tags(*)',
  '/notes?select=*,profiles(count())',
  '/vault?select=*',
] as const; // prettier-ignore

const TABLES = ['notes', 'tags', 'note_tags', 'profiles', 'vault', 'note_view'] as const;

const WRITES: readonly TestRequest[] = TABLES.flatMap(table => [
  { method: 'PATCH', target: `/${table}`, body: '{"owner":"mallory"}' },
  { method: 'PATCH', target: `/${table}?owner=eq.bob&select=*`, body: '{"owner":"mallory"}' },
  { method: 'DELETE', target: `/${table}?owner=neq.nobody&select=*` },
  {
    method: 'POST',
    target: `/${table}?select=*`,
    body: '{"id":20,"note_id":20,"tag_id":20,"owner":"bob","body":"x","bio":"x","label":"x"}',
  },
  {
    method: 'POST',
    target: `/${table}?columns=id,owner&select=*`,
    body: '[{"id":20,"owner":"alice"},{"id":30,"owner":"alice"}]',
  },
]);

/** Rows with related rows, of one's own and of others, to which they are tied by key or by nesting. */
const NESTED: readonly TestRequest[] = [
  {
    target: '/notes?select=*,tags(*),note_tags(*)',
    body: '{"id":70,"owner":"bob","body":"x","tags":[{"id":70,"owner":"bob","label":"x"}]}',
  },
  {
    target: '/notes?select=*,tags(*)',
    body: '{"id":71,"owner":"alice","body":"x","tags":{"id":71,"owner":"bob","label":"y"}}',
  },
  {
    target: '/notes?select=*,notes!parent_id(*)',
    body: '[{"id":72,"owner":"alice","body":"x","notes":[{"id":73,"owner":"bob","body":"x"}]}]',
  },
  {
    target: '/note_tags?select=*,notes(*),tags(*)',
    body: '{"owner":"alice","note_id":20,"tags":{"id":74,"owner":"alice","label":"z"}}',
  },
  {
    target: '/note_tags?select=*,notes(*),tags(*)',
    body: '{"owner":"bob","notes":{"id":75,"owner":"alice","body":"x"},"tag_id":20}',
  },
  {
    target: '/profiles?select=*,notes(*,tags(*))',
    body: '{"owner":"bob","bio":"x","notes":{"id":20,"owner":"bob","body":"x"}}',
  },
  {
    target: '/profiles?select=*,notes(*,tags(*))',
    body: '{"owner":"mallory","bio":"x","notes":{"id":76,"owner":"alice","body":"x"}}',
  },
].map(request => ({ method: 'POST', ...request }));

describe('row-level security', () => {
  let database: TestDatabase;
  let engine: TestEngine;
  let admin: Pool;
  let names: { login: string; member: string; guest: string };

  before(async () => {
    database = await testDatabase();
    names = {
      login: `${database.name}_login`,
      member: `${database.name}_member`,
      guest: `${database.name}_guest`,
    };
    admin = createPool({ url: database.superuserUrl, size: 2 });
    await admin.script(schema(names.login, names.member, names.guest));
    const url = new URL(database.url);
    url.username = names.login;
    url.password = 'x';
    engine = await startEngine(url.href, {
      dbSchemas: ['app'],
      dbAnonRole: names.guest,
      dbAggregatesEnabled: true,
      dbPlanEnabled: true,
      jwtSecret: Buffer.from(SECRET),
      beyond: allBeyond,
    });
  });

  after(async () => {
    await engine.close();
    await admin.script(
      `drop owned by ${names.login}, ${names.member}, ${names.guest}; drop role ${names.login}, ${names.member}, ${names.guest}`,
    );
    await admin.close();
    await database.drop();
  });

  const send = async (request: TestRequest, sub: string | null) => {
    const token =
      sub === null ? {} : { authorization: `Bearer ${signJwt({ role: names.member, sub }, SECRET)}` };
    const response = await engine.handler(
      httpRequest({ ...request, headers: { ...request.headers, ...token } }),
    );
    const headers = response.headers.join('\n');
    return { status: response.status, text: `${await readText(response.body)}\n${headers}` };
  };

  const assertNoLeak = (
    answer: { status: number; text: string },
    viewer: string | null,
    request: TestRequest,
  ) => {
    assert.notEqual(answer.status, 500, `${request.target}: ${answer.text}`);
    for (const owner of OWNERS) {
      if (owner === viewer) continue;
      assert.ok(
        !answer.text.includes(`canary:${owner}`),
        `${viewer} sees ${owner}'s row by ${JSON.stringify(request)}: ${answer.text}`,
      );
    }
  };

  const rowsOfOthers = async (viewer: string | null): Promise<string> => {
    const tables = TABLES.filter(table => table !== 'note_view');
    const lists = tables.map(
      table => `(select json_agg(t order by t::text) from app.${table} t where owner is distinct from $1)`,
    );
    return (
      await admin.query(`select json_build_array(${lists.join(', ')})::text`, [viewer])
    ).rows[0]![0]!.toString();
  };

  const reads: TestRequest[] = [
    ...TABLES.flatMap(table => READS.map(shape => shape.replace('TABLE', table))),
    ...EMBEDS,
  ].flatMap(target => [
    { target },
    { target, method: 'HEAD', headers: { prefer: 'count=exact' } },
    { target, headers: { prefer: 'count=estimated', range: '0-50' } },
    { target, headers: { accept: 'text/csv' } },
    { target, headers: { prefer: 'stream' } },
    { target, headers: { prefer: 'stream', accept: 'text/csv' } },
    {
      method: 'QUERY',
      target: target.split('?')[0] ?? '',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: target.split('?')[1] ?? '',
    },
    {
      method: 'POST',
      target: '/batch',
      body: JSON.stringify([{ path: '/notes?limit=1' }, { path: target }]),
    },
    { target, headers: { accept: 'application/vnd.pgrst.plan+json; options=analyze|verbose' } },
  ]);

  for (const viewer of ['alice', 'bob', null]) {
    it(`shows ${viewer ?? 'an anonymous client'} nothing of others, whatever the shape of the read`, async () => {
      let seen = 0;
      for (const request of reads) {
        const answer = await send(request, viewer);
        // EXPLAIN prints the policy and the filters, which hold no row.
        assertNoLeak(answer, viewer, request);
        if (viewer && answer.text.includes(`canary:${viewer}`)) seen++;
      }
      if (viewer) assert.ok(seen > 30, `${viewer} sees rows of their own in only ${seen} answers`);
    });
  }

  it('counts only what the role may see', async () => {
    const answer = await send({ target: '/notes', headers: { prefer: 'count=exact' } }, 'bob');
    assert.match(answer.text, /0-4\/5/);
    assert.equal((await send({ target: '/rpc/count_notes' }, 'bob')).text.split('\n')[0], '5');
    assert.match((await send({ target: '/vault', headers: { prefer: 'count=exact' } }, 'bob')).text, /\*\/0/);
  });

  for (const viewer of ['alice', null]) {
    it(`lets ${viewer ?? 'an anonymous client'} change nothing of others, and tells nothing by refusing`, async () => {
      for (const request of [...WRITES, ...NESTED]) {
        for (const prefer of [
          'return=representation',
          'return=representation, resolution=merge-duplicates',
          'return=headers-only, count=exact',
          'return=minimal',
          'return=representation, nested=insert',
          'return=minimal, nested=insert',
        ]) {
          const others = await rowsOfOthers(viewer);
          const headers = { 'content-type': 'application/json', prefer };
          assertNoLeak(await send({ ...request, headers }, viewer), viewer, request);
          assert.equal(
            await rowsOfOthers(viewer),
            others,
            `${JSON.stringify(request)} changed rows of others`,
          );
        }
      }
    });
  }

  it('holds inside of a batch, whatever came before', async () => {
    for (const viewer of ['alice', null]) {
      for (const [i, request] of WRITES.entries()) {
        const others = await rowsOfOthers(viewer);
        const { method, target: path, body } = request;
        const write = {
          method,
          path,
          headers: { prefer: 'return=representation' },
          ...(body === undefined ? {} : { body: JSON.parse(body) as unknown }),
        };
        const read = { path: READS[i % READS.length]!.replace('TABLE', 'notes') };
        const batch = { method: 'POST', target: '/batch', body: JSON.stringify([read, write, read]) };
        assertNoLeak(await send(batch, viewer), viewer, batch);
        assert.equal(await rowsOfOthers(viewer), others, `${batch.body} changed rows of others`);
      }
    }
  });

  it('goes on behind a cursor of another', async () => {
    const first = await send({ target: '/notes?order=owner,id&limit=2&after=' }, 'carol');
    const cursor = /after=([\w-]+)>/.exec(first.text)?.[1] ?? '';
    assert.notEqual(cursor, '');
    for (const viewer of ['alice', 'bob', null]) {
      const request = { target: `/notes?order=owner,id&limit=9&after=${cursor}` };
      assertNoLeak(await send(request, viewer), viewer, request);
    }
  });

  it('lets nobody take a role that was not granted to the login role', async () => {
    for (const role of ['postgres', 'pg_read_all_data', database.name, names.login, 'none', '']) {
      const token = signJwt({ role, sub: 'alice' }, SECRET);
      const response = await engine.handler(
        httpRequest({ target: '/notes', headers: { authorization: `Bearer ${token}` } }),
      );
      const text = await readText(response.body);
      assert.ok(
        response.status >= 400 || text === '[]',
        `role ${role} was let in: ${response.status} ${text}`,
      );
      assert.ok(!text.includes('canary:'), `role ${role} sees rows`);
    }
  });

  it('keeps the claims of one request from the next on the same connection', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => {
        const viewer = n % 3 === 2 ? null : OWNERS[n % 3]!;
        return send({ target: '/notes?select=owner,body' }, viewer).then(answer => ({ viewer, answer }));
      }),
    );
    for (const { viewer, answer } of answers) {
      assertNoLeak(answer, viewer, { target: '/notes' });
      if (viewer) assert.ok(answer.text.includes(`canary:${viewer}`));
    }
  });
});
