import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createPool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Answer, type Library, startLibrary } from './library.ts';

interface Item {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly encoding?: string;
}

const shown = { Prefer: 'return=representation' };
const settings = {
  beyond: { ...defaultBeyond, batchPath: '/batch', batchMaxRequests: 10, nestedInsert: true },
};

describe('a batch', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary(settings);
  });
  beforeEach(() => library.reset());
  after(() => library.close());

  const post = (items: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    library.send('POST', '/batch', items, headers);
  const items = (answer: Answer): readonly Item[] => {
    assert.equal(answer.status, 200, answer.text);
    return answer.json as readonly Item[];
  };
  const error = (answer: Answer) => answer.json as { code: string; message: string; index?: number };
  const titles = async (): Promise<unknown> =>
    ((await library.get('/films?select=title&order=id')).json as { title: string }[]).map(row => row.title);

  it('answers each request as it would be answered alone', async () => {
    const made = items(
      await post([
        { path: '/films?id=eq.1&select=title' },
        { method: 'POST', path: '/films?select=id,title', headers: shown, body: { title: 'Vagabond' } },
        { method: 'PATCH', path: '/films?id=eq.2', body: { year: 1953 } },
        { method: 'GET', path: '/rpc/add?a=1&b=2' },
        { method: 'POST', path: '/rpc/add', body: { a: 1 } },
        { method: 'DELETE', path: '/films?id=eq.4', headers: { Prefer: 'return=headers-only, count=exact' } },
        { method: 'HEAD', path: '/films?id=eq.1' },
      ]),
    );
    assert.deepEqual(
      made.map(({ status, body }) => [status, body]),
      [
        [200, [{ title: 'Cléo from 5 to 7' }]],
        [201, [{ id: 100, title: 'Vagabond' }]],
        [204, null],
        [200, 3],
        [200, 11],
        [204, null],
        [200, null],
      ],
    );
    assert.equal(made[0]?.headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(made[5]?.headers['content-range'], '*/1');
    assert.deepEqual((await library.get('/films?id=eq.2&select=year')).json, [{ year: 1953 }]);
  });

  it('sees in each request what those before it have written', async () => {
    const made = items(
      await post([
        { method: 'POST', path: '/films', body: { id: 7, title: 'Seven' } },
        { path: '/films?id=eq.7&select=title' },
        { method: 'POST', path: '/roles', body: { film_id: 7, actor_id: 1 } },
        { path: '/films?id=eq.7&select=title,actors(name)' },
      ]),
    );
    assert.deepEqual(made[3]?.body, [{ title: 'Seven', actors: [{ name: 'Corinne Marchand' }] }]);
  });

  it('keeps nothing when one fails, and says which', async () => {
    const before = await titles();
    const failures: readonly (readonly [unknown, number, string])[] = [
      [{ method: 'POST', path: '/films', body: { id: 1, title: 'again' } }, 409, '23505'],
      [{ method: 'POST', path: '/films', body: { nope: 1 } }, 400, 'PGRST204'],
      [{ path: '/nowhere' }, 404, 'PGRST205'],
      [{ path: '/films?id=eqq.1' }, 400, 'PGRST100'],
      [{ path: '/settings' }, 401, '42501'],
      [{ path: '/films?id=gt.0', headers: { Accept: 'application/vnd.pgrst.object+json' } }, 406, 'PGRST116'],
      [
        { method: 'DELETE', path: '/films?id=gt.0', headers: { Prefer: 'handling=strict, max-affected=1' } },
        400,
        'PGRST124',
      ],
      [{ path: '/rpc/refuse' }, 402, 'PT402'],
      [{ path: '/films?title=eq.1&id=eq.x' }, 400, '22P02'],
    ];
    for (const [failing, status, code] of failures) {
      const answer = await post([
        { method: 'POST', path: '/films', body: { id: 8, title: 'Eight' } },
        { path: '/films?limit=1' },
        failing,
        { path: '/films' },
      ]);
      assert.deepEqual(
        [answer.status, error(answer).code, error(answer).index],
        [status, code, 2],
        answer.text,
      );
      assert.deepEqual(await titles(), before);
    }
  });

  it('fails as a whole at a deferred constraint', async () => {
    const answer = await post([
      { method: 'POST', path: '/films', body: { id: 9, title: 'x', director_id: 77 } },
      { path: '/films?id=eq.9' },
    ]);
    // The key is checked at once unless the transaction defers it; either way nothing stays.
    assert.deepEqual([answer.status, error(answer).code], [409, '23503']);
    assert.deepEqual((await library.get('/films?id=eq.9')).json, []);
  });

  it('runs each under its own method, path and headers, and reads only where that is meant', async () => {
    const made = items(
      await post(
        [
          { path: '/rpc/settings_seen', headers: { 'X-Test': 'one' } },
          { method: 'POST', path: '/films', body: { title: 'between' } },
          { method: 'POST', path: '/rpc/settings_seen', headers: { Prefer: 'timezone=America/Lima' } },
          { path: '/rpc/settings_seen' },
        ],
        { 'x-test': 'outer' },
      ),
    );
    const seen = made.map(({ body }) => body as Record<string, unknown>);
    assert.deepEqual(
      [0, 2, 3].map(i => [
        seen[i]?.method,
        seen[i]?.path,
        seen[i]?.header,
        seen[i]?.role,
        seen[i]?.read_only,
      ]),
      [
        ['GET', '/rpc/settings_seen', 'one', library.guest, 'on'],
        ['POST', '/rpc/settings_seen', 'outer', library.guest, 'on'],
        ['GET', '/rpc/settings_seen', 'outer', library.guest, 'on'],
      ],
    );
    const refused = await post([
      { method: 'POST', path: '/films', body: { title: 'x' } },
      { path: '/rpc/touch' },
    ]);
    assert.deepEqual([refused.status, error(refused).code, error(refused).index], [405, '25006', 1]);
  });

  it('leaves status and headers that one request has set to that one', async () => {
    const made = items(
      await post([
        { path: '/rpc/teapot' },
        { path: '/films?limit=1' },
        { method: 'POST', path: '/rpc/teapot' },
        { method: 'POST', path: '/films', body: { title: 'x' } },
      ]),
    );
    assert.deepEqual(
      made.map(({ status, headers }) => [status, headers['x-pot']]),
      [
        [418, 'tea'],
        [200, undefined],
        [418, 'tea'],
        [201, undefined],
      ],
    );
  });

  it('counts merged rows for each request alone', async () => {
    const merge = { Prefer: 'resolution=merge-duplicates' };
    const made = items(
      await post([
        { method: 'POST', path: '/directors', headers: merge, body: { id: 50, name: 'new' } },
        { method: 'POST', path: '/directors', headers: merge, body: { id: 1, name: 'known' } },
      ]),
    );
    assert.deepEqual(
      made.map(({ status }) => status),
      [201, 200],
    );
  });

  it('keeps large numbers, and bodies that are no JSON', async () => {
    const made = items(
      await post([
        { method: 'POST', path: '/rpc/echo', body: { n: 12345678901234567890n.toString() } },
        { path: '/films?id=eq.1&select=id,title', headers: { Accept: 'text/csv' } },
        { path: '/rpc/image', headers: { Accept: 'image/png' } },
        {
          method: 'POST',
          path: '/directors',
          headers: { 'Content-Type': 'text/csv' },
          body: 'id,name\n60,Csv',
        },
      ]),
    );
    assert.equal(made[1]?.body, 'id,title\n1,"Cléo from 5 to 7"');
    assert.deepEqual(
      [made[2]?.body, made[2]?.encoding],
      [Buffer.from('\x89PNG', 'latin1').toString('base64'), 'base64'],
    );
    const raw = await post('[{"method":"POST","path":"/rpc/echo","body":{"n":12345678901234567890.125}}]');
    assert.match(raw.text, /"body":\{"n":12345678901234567890\.125\}/);
    assert.deepEqual((await library.get('/directors?id=eq.60')).json, [{ id: 60, name: 'Csv', born: null }]);
  });

  it('takes a nested insert among its requests', async () => {
    const nested = { Prefer: 'nested=insert, return=representation' };
    const one = { title: 'One', directors: undefined, roles: [{ actor_id: 1 }] };
    const made = items(
      await post([
        { method: 'POST', path: '/films?select=title,roles(actor_id)', headers: nested, body: one },
        {
          method: 'POST',
          path: '/films?select=title,roles(actor_id)',
          headers: nested,
          body: { ...one, title: 'Two' },
        },
      ]),
    );
    assert.deepEqual(
      made.map(({ body }) => body),
      [[{ title: 'One', roles: [{ actor_id: 1 }] }], [{ title: 'Two', roles: [{ actor_id: 1 }] }]],
    );
  });

  it('lets the settings of a function hold for its request only', async () => {
    const admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.script(`
      create function api.hurried() returns text language sql stable set statement_timeout = '5s' as $$ select current_setting('statement_timeout') $$;
      create function api.timeout() returns text language sql stable as $$ select current_setting('statement_timeout') $$;`);
    const own = await library.withConfig({});
    try {
      const timeouts = async (requests: unknown): Promise<unknown> =>
        items(await own.send('POST', '/batch', requests)).map(({ body }) => body);
      const each = [{ path: '/rpc/timeout' }, { path: '/rpc/hurried' }, { path: '/rpc/timeout' }];
      assert.deepEqual(await timeouts(each), ['0', '5s', '0']);
      const write = { method: 'POST', path: '/directors', body: { id: 70, name: 'x' } };
      assert.deepEqual(await timeouts([...each, write, ...each]), ['0', '5s', '0', null, '0', '5s', '0']);
    } finally {
      await own.engine.close();
      await admin.script('drop function api.hurried, api.timeout');
      await admin.close();
    }
  });

  it('rolls back when the setting or an allowed preference says so', async () => {
    const trial = await library.withConfig({ ...settings, dbTxEnd: 'commit-allow-override' });
    const answer = await trial.send(
      'POST',
      '/batch',
      [{ method: 'POST', path: '/films', body: { id: 9, title: 'x' } }, { path: '/films?id=eq.9&select=id' }],
      { prefer: 'tx=rollback' },
    );
    assert.equal(answer.headers['preference-applied'], 'tx=rollback');
    assert.deepEqual(items(answer)[1]?.body, [{ id: 9 }]);
    assert.deepEqual((await trial.get('/films?id=eq.9')).json, []);
    await trial.engine.close();
  });

  it('takes the isolation level of its most demanding request', async () => {
    const made = items(await post([{ path: '/films?limit=1' }, { path: '/rpc/isolated' }]));
    assert.equal((made.at(1) as { body: { isolation: string } }).body.isolation, 'serializable');
  });

  it('refuses what is no batch, and says where', async () => {
    const refused: readonly (readonly [unknown, string, number | undefined])[] = [
      [{}, 'PEAK120', undefined],
      ['nonsense', 'PEAK120', undefined],
      ['['.repeat(50_000), 'PEAK120', undefined],
      [[1], 'PEAK120', 0],
      [[{ path: '/films' }, { path: 'films' }], 'PEAK120', 1],
      [[{ method: 'OPTIONS', path: '/films' }], 'PEAK120', 0],
      [[{ path: '/' }], 'PEAK120', 0],
      [[{ path: '/films', headers: { Authorization: 'Bearer x' } }], 'PEAK120', 0],
      [[{ path: '/films', headers: { 'X-Test': 'a\r\nb: c' } }], 'PEAK120', 0],
      [[{ path: '/films', headers: { Prefer: 1 } }], 'PEAK120', 0],
      [[{ path: '/films', extra: 1 }], 'PEAK120', 0],
      [[{ method: 'POST', path: '/batch', body: [] }], 'PGRST205', 0],
      [Array.from({ length: 11 }, () => ({ path: '/films' })), 'PEAK121', undefined],
    ];
    for (const [body, code, index] of refused) {
      const answer = await post(body);
      assert.deepEqual(
        [error(answer).code, error(answer).index],
        [code, index],
        JSON.stringify(body).slice(0, 200),
      );
      assert.ok(answer.status === 400 || code === 'PGRST205');
    }
    assert.deepEqual(items(await post([])), []);
    assert.equal((await library.get('/batch')).status, 405);
    assert.equal((await library.send('OPTIONS', '/batch')).headers.allow, 'OPTIONS,POST');
  });

  it('is a relation like any other where the setting is off', async () => {
    const plain = await library.withConfig({ beyond: defaultBeyond });
    assert.equal(error(await plain.send('POST', '/batch', [])).code, 'PGRST205');
    await plain.engine.close();
  });
});
