import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createPool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Answer, type Library, startLibrary } from './library.ts';

const nested = { prefer: 'nested=insert, return=representation' };

describe('a nested insert', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, nestedInsert: true } });
  });
  beforeEach(() => library.reset());
  after(() => library.close());

  const insert = (
    target: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = nested,
  ): Promise<Answer> => library.send('POST', target, body, headers);
  const code = (answer: Answer): unknown => (answer.json as { code: string }).code;
  const count = async (table: string): Promise<string | undefined> =>
    (await library.get(`/${table}?limit=0`, { prefer: 'count=exact' })).headers['content-range'];

  it('makes children with the key that the database has given their parent', async () => {
    const made = await insert('/films?select=id,title,roles(actor_id,part),budgets(amount)', {
      title: 'Vagabond',
      roles: [
        { actor_id: 1, part: 'Mona' },
        { actor_id: 2, part: 'Jean' },
      ],
      budgets: { amount: 7 },
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers['preference-applied'], 'return=representation, nested=insert');
    assert.deepEqual(made.json, [
      {
        id: 100,
        title: 'Vagabond',
        roles: [
          { actor_id: 1, part: 'Mona' },
          { actor_id: 2, part: 'Jean' },
        ],
        budgets: { amount: 7 },
      },
    ]);
  });

  it('makes what a row refers to before the row', async () => {
    const made = await insert(
      '/films?select=title,directors!director_id(name),editor:directors!editor_id(name)',
      {
        title: 'Jeanne Dielman',
        'directors!director_id': { id: 10, name: 'Chantal Akerman' },
        'directors!editor_id': { id: 11, name: 'Patricia Canino' },
      },
    );
    assert.deepEqual(made.json, [
      {
        title: 'Jeanne Dielman',
        directors: { name: 'Chantal Akerman' },
        editor: { name: 'Patricia Canino' },
      },
    ]);
  });

  it('makes the junction of many-to-many', async () => {
    const made = await insert('/films?select=title,actors(name)&actors.order=id', [
      {
        title: 'A',
        actors: [
          { id: 10, name: 'Delphine' },
          { id: 11, name: 'Jan' },
        ],
      },
      { title: 'B', actors: [{ id: 12, name: 'Henri' }] },
      { title: 'C', actors: [] },
      { title: 'D' },
    ]);
    assert.deepEqual(made.json, [
      { title: 'A', actors: [{ name: 'Delphine' }, { name: 'Jan' }] },
      { title: 'B', actors: [{ name: 'Henri' }] },
      { title: 'C', actors: [] },
      { title: 'D', actors: [] },
    ]);
  });

  it('links each of many parents to its own children, several levels deep', async () => {
    const directors = Array.from({ length: 40 }, (_, d) => ({
      id: 1000 + d,
      name: `D${d}`,
      'films!director_id': Array.from({ length: d % 4 }, (_f, f) => ({
        title: `F${d}.${f}`,
        ...(f === 1 ? { year: 1970 + d } : {}),
        roles: [{ part: `P${d}.${f}`, actors: { id: 5000 + d * 10 + f, name: `A${d}.${f}` } }],
      })),
    }));
    const made = await insert(
      '/directors?select=id,films!director_id(title,year,roles(part,actors(name)))&films.order=title',
      directors,
    );
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(
      made.json,
      directors.map((director, d) => ({
        id: 1000 + d,
        films: director['films!director_id'].map((film, f) => ({
          title: film.title,
          year: f === 1 ? 1970 + d : 1900,
          roles: [{ part: `P${d}.${f}`, actors: { name: `A${d}.${f}` } }],
        })),
      })),
    );
  });

  it('makes trees of one table', async () => {
    const made = await insert('/nodes?select=id,nodes(id,nodes(id))', {
      id: 10,
      label: 'root',
      nodes: [{ id: 11, nodes: [{ id: 12 }] }, { id: 13 }],
    });
    assert.deepEqual(made.json, [
      {
        id: 10,
        nodes: [
          { id: 11, nodes: [{ id: 12 }] },
          { id: 13, nodes: [] },
        ],
      },
    ]);
  });

  it('keeps json columns, representations and large numbers what they are', async () => {
    const raw =
      '{"title":"x","details":{"n":12345678901234567890},"poster":"#00ff00","budgets":{"amount":12345678901234567890.125}}';
    const made = await insert('/films?select=details,poster,budgets(amount)', raw);
    assert.match(
      made.text,
      /"details":\{"n": 12345678901234567890\}.*"poster":"#00ff00".*12345678901234567890\.125/,
    );
  });

  it('says where the row is, or nothing, as any insert', async () => {
    const located = await insert(
      '/films',
      { title: 'x', roles: [{ actor_id: 1 }] },
      { prefer: 'nested=insert, return=headers-only, count=exact' },
    );
    assert.deepEqual(
      [located.status, located.headers.location, located.text, located.headers['content-range']],
      [201, '/films?id=eq.100', '', '*/1'],
    );
    const minimal = await insert('/films', [{ title: 'x' }, { title: 'y' }], {
      prefer: 'nested=insert, count=exact',
    });
    assert.deepEqual([minimal.status, minimal.text, minimal.headers['content-range']], [201, '', '*/2']);
    const empty = await insert('/films', [], nested);
    assert.deepEqual([empty.status, empty.json], [201, []]);
  });

  it('keeps nothing when one row fails', async () => {
    const before = [await count('directors'), await count('films'), await count('roles')];
    const failed = await insert('/films', {
      title: 'x',
      'directors!director_id': { id: 20, name: 'new' },
      roles: [{ actor_id: 1 }, { actor_id: 999 }],
    });
    assert.deepEqual([failed.status, code(failed)], [409, '23503']);
    assert.deepEqual([await count('directors'), await count('films'), await count('roles')], before);
  });

  it('shows policies and triggers of children their parents, and obeys them', async () => {
    const admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.script(`
      create table api.orders (id int primary key generated always as identity, owner text not null default 'me');
      create table api.lines (id uuid primary key default gen_random_uuid(), order_id int references api.orders, item text);
      alter table api.orders enable row level security;
      alter table api.lines enable row level security;
      create policy mine on api.orders using (owner = 'me') with check (owner = 'me');
      create policy mine on api.lines using (exists (select from api.orders o where o.id = order_id and o.owner = 'me'));
      grant select, insert on api.orders, api.lines to ${library.guest};`);
    const own = await library.withConfig({});
    try {
      const select = '/orders?select=owner,lines(item)&lines.order=item';
      const made = await own.send(
        'POST',
        select,
        [{ lines: [{ item: 'a' }, { item: 'b' }] }, { lines: [{ item: 'c' }] }],
        nested,
      );
      assert.deepEqual(made.json, [
        { owner: 'me', lines: [{ item: 'a' }, { item: 'b' }] },
        { owner: 'me', lines: [{ item: 'c' }] },
      ]);
      const refused = await own.send('POST', select, { owner: 'you', lines: [{ item: 'a' }] }, nested);
      assert.equal(code(refused), '42501');
      await admin.script(`revoke insert on api.lines from ${library.guest}`);
      const denied = await own.send('POST', select, { lines: [{ item: 'a' }] }, nested);
      assert.equal(code(denied), '42501');
      assert.equal((await admin.query('select count(*) from api.orders')).rows[0]?.[0]?.toString(), '2');
    } finally {
      await own.engine.close();
      await admin.script('drop table api.lines, api.orders');
      await admin.close();
    }
  });

  it('refuses bodies that mean nothing, before anything is written', async () => {
    const deep = (levels: number): unknown =>
      levels === 0 ? { id: 1 } : { id: levels * 100, nodes: [deep(levels - 1)] };
    const refused: readonly (readonly [string, unknown, string])[] = [
      ['/films', 1, 'PEAK130'],
      ['/films', '[1', 'PGRST102'],
      ['/films', { title: 'x', roles: 1 }, 'PGRST204'],
      ['/films', { title: 'x', roles: [1] }, 'PEAK130'],
      ['/films', { title: 'x', nope: [{}] }, 'PGRST200'],
      ['/films', { title: 'x', directors: { id: 9 } }, 'PGRST201'],
      ['/films', { title: 'x', main_actor: { id: 9 } }, 'PEAK130'],
      ['/films', { title: 'x', 'directors!director_id': [{ id: 9 }] }, 'PEAK130'],
      ['/films', { title: 'x', roles: [{ film_id: 1, actor_id: 1 }] }, 'PEAK130'],
      ['/films', { title: 'x', director_id: 1, 'directors!director_id': { id: 9, name: 'x' } }, 'PEAK130'],
      ['/films?columns=title', { title: 'x' }, 'PEAK130'],
      ['/films?on_conflict=id', { title: 'x' }, 'PEAK130'],
      ['/nodes', deep(7), 'PEAK130'],
    ];
    for (const [target, body, expected] of refused) {
      const answer = await insert(target, body);
      assert.equal(code(answer), expected, `${JSON.stringify(body)} ${answer.text}`);
    }
    const merging = await insert(
      '/films',
      { title: 'x' },
      { prefer: 'nested=insert, resolution=merge-duplicates' },
    );
    assert.equal(code(merging), 'PEAK130');
    assert.equal(await count('films'), '*/4');
  });

  it('is an unknown preference where the setting is off', async () => {
    const plain = await library.withConfig({ beyond: defaultBeyond });
    const body = { title: 'x', roles: [{ actor_id: 1 }] };
    assert.equal(code(await plain.send('POST', '/films', body, nested)), 'PGRST204');
    const strict = await plain.send(
      'POST',
      '/films',
      { title: 'x' },
      { prefer: 'nested=insert, handling=strict' },
    );
    assert.equal(code(strict), 'PGRST122');
    await plain.engine.close();
  });
});
