import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Answer, type Library, startLibrary } from './library.ts';

const nextOf = (answer: Answer): string | null =>
  /^<(\?[^>]*)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1] ?? null;

describe('paging by cursor', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, keyset: true } });
  });
  after(() => library.close());

  /** All rows, page by page. */
  const walk = async (path: string, query: string): Promise<unknown[]> => {
    const rows: unknown[] = [];
    for (let next: string | null = `?${query}&after=`, pages = 0; next; pages++) {
      assert.ok(pages < 50, 'the pages never end');
      const answer: Answer = await library.get(`${path}${next}`);
      assert.equal(answer.status, 200, answer.text);
      rows.push(...(answer.json as unknown[]));
      next = nextOf(answer);
    }
    return rows;
  };

  it('walks every row once, in the order of the whole, whatever the order', async () => {
    const orders = [
      'id',
      'id.desc',
      'year',
      'year.desc',
      'year.asc.nullsfirst',
      'year.desc.nullslast',
      'director_id.desc.nullslast,title',
      'director_id.nullsfirst,year.desc.nullslast,title.desc',
      'details->length.desc',
      'details->>length.nullsfirst,id.desc',
      'directors(name)',
      'directors(born).desc.nullslast,year.asc.nullsfirst',
      'decade.desc',
      'poster',
    ];
    for (const order of orders) {
      const select = 'select=id,title,directors!director_id(name,born)';
      for (const limit of [1, 2, 3]) {
        const paged = await walk('/films', `${select}&order=${order}&limit=${limit}`);
        // The reference's order is not total: the key breaks its ties in the last term's direction.
        const last = order.split(',').at(-1) ?? '';
        const total = /^id\b|,id\b/.test(order)
          ? order
          : `${order},id.${last.includes('.desc') ? 'desc' : 'asc'}`;
        const whole = await library.get(`/films?${select}&order=${total}`);
        assert.deepEqual(paged, whole.json, `${order}, ${limit} rows a page`);
      }
    }
  });

  it('orders by the key alone when no order is given, also one of several columns', async () => {
    const pairs = await walk('/roles', 'select=part&limit=1');
    assert.deepEqual(pairs, [{ part: 'Cléo' }, { part: 'Watanabe' }, { part: 'Hidetora' }]);
  });

  it('keeps to filters and to the total of all pages', async () => {
    const first = await library.get('/films?year=not.is.null&select=id&order=year.desc&limit=2&after=', {
      prefer: 'count=exact',
    });
    assert.deepEqual(
      [first.status, first.json, first.headers['content-range']],
      [206, [{ id: 3 }, { id: 1 }], '0-1/3'],
    );
    const second = await library.get(`/films${nextOf(first)}`, { prefer: 'count=exact' });
    assert.deepEqual(
      [second.json, second.headers['content-range'], nextOf(second)],
      [[{ id: 2 }], '0-0/3', null],
    );
  });

  it('is not shifted by rows that come or go before the cursor', async () => {
    const first = await library.get('/films?select=id&order=year.desc.nullslast&limit=1&after=');
    await library.send('POST', '/films', { id: 50, title: 'New', year: 2020 });
    const second = await library.get(`/films${nextOf(first)}`);
    assert.deepEqual(second.json, [{ id: 1 }]);
    await library.reset();
  });

  it('uses an index for the place to go on from', async () => {
    const admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
    await admin.script(`create table api.many (id int primary key, at int not null);
      insert into api.many select g, g % 1000 from generate_series(1, 20000) g;
      create index on api.many (at, id); analyze api.many; grant select on api.many to ${library.guest}`);
    const own = await library.withConfig({ dbPlanEnabled: true });
    try {
      const first = await own.get('/many?order=at&limit=100&after=');
      assert.equal((first.json as unknown[]).length, 100);
      const events: string[] = [];
      const explained = await admin.query(
        `explain select * from api.many where (at, id) > ('4', '5004') order by at, id limit 100`,
      );
      for (const [line] of explained.rows) events.push(line!.toString());
      assert.match(events.join('\n'), /Index Cond: \(ROW\(at, id\)/);
      const second = await own.get(`/many${nextOf(first)}`);
      assert.equal((second.json as { id: number; at: number }[])[0]?.at, 5);
    } finally {
      await own.engine.close();
      await admin.script('drop table api.many');
      await admin.close();
    }
  });

  it('refuses a cursor that was altered, cut or made for another order', async () => {
    const first = await library.get('/films?order=year&limit=1&after=');
    const cursor = new URLSearchParams(nextOf(first) ?? '').get('after') ?? '';
    const middle = Math.floor(cursor.length / 2);
    const altered = cursor.slice(0, middle) + (cursor[middle] === 'A' ? 'B' : 'A') + cursor.slice(middle + 1);
    const bad = [
      `/films?order=year&after=${altered}`,
      `/films?order=year&after=${cursor.slice(0, -2)}`,
      `/films?order=year&after=${cursor.slice(2)}`,
      `/films?order=year.desc&after=${cursor}`,
      `/films?order=title&after=${cursor}`,
      `/directors?order=id&after=${cursor}`,
      '/films?after=1',
      '/films?after=%27',
      `/films?after=${'A'.repeat(9000)}`,
    ];
    for (const target of bad) {
      const refused = await library.get(target);
      assert.deepEqual([refused.status, (refused.json as { code: string }).code], [400, 'PEAK100'], target);
    }
  });

  it('refuses what has no place to go on from', async () => {
    const aggregates = await library.withConfig({ dbAggregatesEnabled: true });
    for (const [target, headers] of [
      ['/films?after=&offset=1', {}],
      ['/films?after=', { range: '1-2' }],
      ['/films?after=', { accept: 'text/csv' }],
      ['/films?after=', { accept: 'application/vnd.pgrst.object+json' }],
      ['/films?select=count()&after=', {}],
      ['/old_keys?after=', {}],
    ] as const) {
      const refused = await aggregates.get(target, headers);
      const code = (refused.json as { code: string }).code;
      assert.ok(
        refused.status >= 400 && (code === 'PEAK101' || target.startsWith('/old_keys')),
        `${target} ${refused.text}`,
      );
    }
    await aggregates.engine.close();
  });

  it('lets a column of that name be reached in quotes, and is a column without the setting', async () => {
    const quoted = await library.get('/films?"after"=eq.1');
    assert.equal((quoted.json as { code: string }).code, '42703');
    const plain = await library.withConfig({ beyond: defaultBeyond });
    assert.equal(((await plain.get('/films?after=eq.1')).json as { code: string }).code, '42703');
    assert.equal((await plain.get('/films?limit=1')).headers.link, undefined);
    await plain.engine.close();
  });
});
