import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readsServerMemory } from '@peakstone/testing';
import { askFiveTimes } from './support/fiveTimes.ts';
import { type Fixture, restFixture } from './support/fixture.ts';
import { type Server, startServer } from './support/server.ts';

const MiB = 1024 * 1024;
/** As the stack has it. */
const maxBytes = 64 * MiB;
/** Two large answers at a time take up to five times their bytes, and eight sessions what small ones do. */
const mostBytes = 2 * 5 * maxBytes + 8 * 32 * MiB;

let fixture: Fixture;
let server: Server;
before(async () => {
  fixture = await restFixture(`
    create view wide as select g as id, repeat('x', 1000) as text from generate_series(1, 310000) g;
    create table parent (id int primary key); insert into parent values (1), (2);
    create table child (id int primary key, parent int references parent);
    insert into child select g, 1 from generate_series(1, 310000) g;
    create index on child (parent);
    create function text(child) returns text language sql immutable as $$ select repeat('x', 1000) $$;
    create table line (id int primary key, n int);
    insert into line select g, 0 from generate_series(1, 310000) g;
    create view wide_line as select id, n, repeat('x', 1000) as text from line;
    create table narrow (id int primary key);
    create view wide_narrow as select id, repeat('x', 3000000) as text from narrow;
    create function wide_set() returns setof wide language sql stable as 'select * from wide';
    create function wide_texts() returns setof text language sql volatile as 'select text from wide';
    create function long_text(n int) returns text language sql stable as $$ select repeat('x', n) $$;
    create view long as select 1 as id, repeat('x', 300000000) as text;
    grant select, insert, update on wide_line, wide_narrow to :anon;
    grant select on wide, parent, child, long to :anon;
  `);
  server = await startServer(fixture, {
    'db-max-result-bytes': String(maxBytes),
    'db-pool': '10',
    // Each waits for its turn, however slow the machine is.
    'db-pool-acquisition-timeout': '300',
  });
});
after(async () => {
  await server?.stop();
  await fixture?.drop();
});

const send = (path: string, init: RequestInit = {}): Promise<Response> => fetch(server.url + path, init);
const shown = { Prefer: 'return=representation', 'Content-Type': 'application/json' };

const fiveOf = (path: string, init?: RequestInit) =>
  askFiveTimes(server.url, fixture, path, init, async () => {
    const response = await send('/items?id=eq.1');
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), [{ id: 1, name: 'item 1' }]);
  });

const manyIds = JSON.stringify(Array.from({ length: 105 }, (_, i) => ({ id: i })));

const kinds: readonly (readonly [string, string, RequestInit?])[] = [
  ['rows of a table', '/wide'],
  ['rows as CSV', '/wide', { headers: { Accept: 'text/csv' } }],
  ['the one row that many are not', '/wide', { headers: { Accept: 'application/vnd.pgrst.object+json' } }],
  ['a page with a count', '/wide?limit=305000', { headers: { Prefer: 'count=exact' } }],
  ['rows that a function returns', '/rpc/wide_set'],
  ['values that a writing function returns', '/rpc/wide_texts', { method: 'POST' }],
  ['related rows of one row', '/parent?select=id,child(id,text)'],
  ['related rows as columns', '/parent?select=id,...child(id,text)'],
  ['rows that were inserted', '/wide_narrow', { method: 'POST', headers: shown, body: manyIds }],
  ['rows that were updated', '/wide_line?id=gt.0', { method: 'PATCH', headers: shown, body: '{"n":1}' }],
];

describe('five visitors who ask for 310 MB at once', { skip: !readsServerMemory }, () => {
  for (const [what, path, init] of kinds) {
    it(`are refused before PostgreSQL has made much of it: ${what}`, async () => {
      const { answers, memory } = await fiveOf(path, init);
      for (const { status, text } of answers) {
        assert.equal(status, 400, text);
        assert.match(
          text,
          /^{"code":"PEAK133",.*PGRST_DB_MAX_RESULT_BYTES.*"The answer has more than 67108864 bytes, which is the most that is given"}$/,
        );
      }
      assert.ok(memory.looks > 5);
      assert.ok(memory.peakBytes < mostBytes, `${memory.peakBytes / MiB} MiB`);
    });
  }

  it('have written nothing', async () => {
    for (const path of ['/wide_line?n=eq.1', '/wide_narrow?select=id']) {
      const response = await send(`${path}&select=id`.replace('select=id&', ''));
      assert.equal(await response.text(), '[]');
    }
  });
});

describe('five visitors whose answers are as large as may be', { skip: !readsServerMemory }, () => {
  it('get them, two at a time', async () => {
    const { answers, memory } = await fiveOf('/wide?limit=60000');
    for (const { status, bytes, text } of answers) {
      assert.equal(status, 200, text);
      assert.ok(bytes > 60_000_000);
    }
    assert.ok(memory.peakBytes < mostBytes, `${memory.peakBytes / MiB} MiB`);
  });
});

describe('a bound', () => {
  it('changes no byte of the answers that it allows', async () => {
    const unbound = await startServer(fixture);
    try {
      const csv = { Accept: 'text/csv' };
      const requests: readonly (readonly [string, Record<string, string>?])[] = [
        ['/wide?limit=7'],
        ['/wide?limit=7000'],
        ['/wide?limit=7', csv],
        ['/wide?limit=7000', csv],
        ['/wide?id=lt.0'],
        ['/wide?id=lt.0', csv],
        ['/wide?id=eq.1', { Accept: 'application/vnd.pgrst.object+json' }],
        ['/wide?limit=2', { Accept: 'application/vnd.pgrst.object+json' }],
        ['/wide?limit=2', { Accept: 'application/vnd.pgrst.array+json;nulls=stripped' }],
        ['/wide?limit=2', { Prefer: 'count=exact' }],
        ['/wide?limit=2', { Prefer: 'count=planned' }],
        ['/parent?select=id,child(id)'],
        ['/parent?select=id,child(id,text)&child.limit=5000'],
        ['/parent?select=id,...child(id)&child.limit=3'],
        ['/child?select=id,parent(id)&limit=3'],
        ['/parent?select=id,child!inner(id)&child.id=eq.4'],
        ['/rpc/wide_set?limit=3'],
        ['/rpc/wide_texts?limit=3'],
        ['/rpc/long_text?n=100'],
        ['/items?id=eq.3&select=name'],
        ['/items?id=eq.7'],
        ['/items?select=name.max()'],
        ['/items?select=nothing'],
      ];
      for (const [path, headers] of requests) {
        const first = await (await server.get(path, headers)).text();
        // Often enough that what is small and of few rows has lost its bound.
        for (let n = 0; n < 8; n++) await (await server.get(path, headers)).arrayBuffer();
        const [mine, theirs] = await Promise.all([server, unbound].map(each => each.get(path, headers)));
        assert.equal(mine!.status, theirs!.status, path);
        const [text, wanted] = [await mine!.text(), await theirs!.text()];
        assert.ok(first === wanted, `${path}: at first ${first.slice(0, 3000)}`);
        assert.ok(text === wanted, `${path}: ${text.slice(0, 3000)} instead of ${wanted.slice(0, 3000)}`);
        for (const name of ['content-range', 'content-type'])
          assert.equal(mine!.headers.get(name), theirs!.headers.get(name), path);
      }
    } finally {
      await unbound.stop();
    }
  });
});
